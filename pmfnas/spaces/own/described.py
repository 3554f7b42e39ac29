"""A space of your own as a JSON object, for programs that hold no Python.

    {"name": "mlp",
     "choices": {
       "depth": [2, 3, 4],                                       a plain list: numbers have an order
       "activation": ["relu", "gelu"],
       "optimizer": {"values": ["sgd", "adam"]},                 no order, whatever the values are
       "size": {"values": ["s", "m", "l"], "ordered": true},     in the order given
       "width": {"integers": [16, 64, 16]},                      low, high, step
       "dropout": {"grid": [0.0, 0.5, 6]},                       low, high, n
       "lr": {"log_grid": [1e-4, 1e-1, 7]},                      low, high, n
       "momentum": {"values": [0.0, 0.9], "ordered": true, "when": {"optimizer": "sgd"}}},
     "interchangeable": [["left", "right"]]}                     archs that exchange these values are equal

`pmfnas.spaces.own.options` says what each form means. A list among the values is a tuple.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pmfnas.core.errors import InputError, shown, unknown_name
from pmfnas.spaces.own.choices import Canonical, Choices
from pmfnas.spaces.own.named_arch import NamedArch
from pmfnas.spaces.own.options import Categorical, Grid, Integers, LogGrid, Option, Ordinal, as_option

_KEYS = ("name", "choices", "interchangeable")
_NUMBERED: Mapping[str, Callable[..., Option]] = MappingProxyType(
    {"integers": Integers, "grid": Grid, "log_grid": LogGrid}
)
_FORMS = ("values", *_NUMBERED)


def choices_of(description: Any) -> Choices:
    """Return the space that a JSON object describes. Raises `InputError` for the first place that is wrong."""
    if not isinstance(description, Mapping) or not isinstance(description.get("choices"), Mapping):
        raise InputError(
            f'space is {shown(description)}, but must be an object such as {{"name": "mlp", "choices": {{...}}}}'
        )
    for key in description:
        if key not in _KEYS:
            raise unknown_name("key of the space", str(key), _KEYS)
    given: dict[str, Any] = {str(name): _option(str(name), of) for name, of in description["choices"].items()}
    taken = {"cost_hint", "canonical"} & set(given)
    if taken:
        raise InputError(f"choice is called {taken.pop()}, which means something else in Choices; rename it")
    plain = Choices(**given)
    groups = description.get("interchangeable", [])
    return Choices(canonical=_sorting(groups, plain), **given) if groups else plain


def _option(name: str, given: Any) -> Option:
    """Return the option that one entry of `choices` describes."""
    if not isinstance(given, Mapping):
        return as_option(name, _hashable(given))
    forms = [form for form in _FORMS if form in given]
    extra = set(given) - {*forms, "when", "ordered"}
    if len(forms) != 1 or extra:
        raise InputError(f"choice {name} is {shown(dict(given))}, but must hold exactly one of: {', '.join(_FORMS)}")
    form, when = forms[0], _hashable(given.get("when", {}))
    if form == "values":
        kind = Ordinal if given.get("ordered", False) else Categorical
        return kind(_hashable(_a_list(name, form, given[form])), when)
    numbers = _a_list(name, form, given[form])
    if len(numbers) not in ((2, 3) if form == "integers" else (3,)):
        raise InputError(f"choice {name} has {form} {shown(numbers)}, but it must hold low, high and a third number")
    return _NUMBERED[form](*numbers, when=when)


def _a_list(name: str, form: str, given: Any) -> Sequence[Any]:
    if not isinstance(given, list | tuple):
        raise InputError(f"choice {name} has {form} {shown(given)}, but it must be a list")
    return given


def _hashable(value: Any) -> Any:
    """Return a JSON value with its lists within lists, and the lists of an object, as tuples."""
    if isinstance(value, Mapping):
        return {key: _tuple(each) for key, each in value.items()}
    return [_tuple(each) for each in value] if isinstance(value, list) else value


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _sorting(groups: Any, space: Choices) -> Canonical:
    """Return the function that puts the values of interchangeable choices in order."""
    options = {choice.name: choice for choice in space.choices}
    for group in groups if isinstance(groups, list) else [groups]:
        if not isinstance(group, list) or len(group) < 2 or not all(name in options for name in group):
            raise InputError(f"interchangeable holds {shown(group)}, but must hold lists of choices of the space")
        if len({(options[name].values, options[name].needs) for name in group}) > 1:
            raise InputError(f"interchangeable holds {shown(group)}, whose values or conditions differ")

    def canonical(arch: NamedArch) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        for group in groups:
            if arch[group[0]] is not None:
                values = sorted((arch[name] for name in group), key=options[group[0]].values.index)
                changes |= dict(zip(group, values, strict=True))
        return changes

    return canonical

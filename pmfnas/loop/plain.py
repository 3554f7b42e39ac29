"""The settings of a searcher as plain data that JSON holds: numbers as numbers; tuples and sets as lists.

Records of format 1 hold them as Python text, `{"eta": "3", "rounding": "'up'"}`; `from_text` reads those.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from math import isfinite
from numbers import Integral, Real
from typing import Any

CLASS = "class"
NAMES = ("name", "version", "source", "runs")
"""Entries that name a searcher; they are plain text in every format."""


def plain(value: Any) -> Any:
    """Return a value as plain data: a dataclass as class and fields, a function as its name, the rest as text."""
    match value:
        case None | bool() | str():
            return value
        case Real():
            return _number(value)
        case list() | tuple():
            return [plain(one) for one in value]
        case set() | frozenset():
            return sorted((plain(one) for one in value), key=str)
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case partial():
            return {"function": plain(value.func), **plain(value.keywords)}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {CLASS: type(value).__name__, **{f.name: plain(getattr(value, f.name)) for f in fields(value)}}
        case _:
            return getattr(value, "__qualname__", None) or repr(value)


def _number(value: Real) -> int | float | str:
    """Return a number as JSON has it; as text if JSON lacks it, such as infinity."""
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isfinite(value) else str(float(value))


def as_json(settings: Mapping[str, Any]) -> str:
    """Return settings as one line; equal settings give equal lines."""
    return json.dumps(settings, sort_keys=True)


def from_text(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of format 1, whose values are Python text, as `plain` gives them."""
    return {name: value if name in NAMES else _read(value) for name, value in settings.items()}


def _read(text: Any) -> Any:
    """Return the value that a text stands for; the text itself if it is not the text of a value."""
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, ValueError):
        return text


def _value(node: ast.expr) -> Any:
    """Return the value of an expression in which all values are written out; raise `ValueError` for others."""
    match node:
        case ast.Call(func=ast.Name(id="frozenset" | "set"), args=[ast.Set(elts=[*parts])]):
            return sorted((_value(part) for part in parts), key=str)
        case ast.Call(func=ast.Name(id="frozenset" | "set"), args=[], keywords=[]):
            return []
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[*parts]):
            return {CLASS: name, **{str(part.arg): _value(part.value) for part in parts}}
        case ast.Tuple(elts=[*parts]) | ast.List(elts=[*parts]):
            return [_value(part) for part in parts]
        case _:
            return plain(ast.literal_eval(node))

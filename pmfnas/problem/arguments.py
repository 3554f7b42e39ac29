"""The arguments of a search, checked: `Checked` is what they say."""

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pmfnas.core.errors import InputError, shown
from pmfnas.core.metric import Metric, as_metric
from pmfnas.core.ports import SearcherFactory
from pmfnas.core.types import Fidelities, Schedule
from pmfnas.loop.plain import plain
from pmfnas.loop.record import run_id
from pmfnas.problem.durations import seconds
from pmfnas.problem.folder import EXPERIMENT
from pmfnas.spaces.own.choices import Choices

Train = Callable[[Any, Any], Any]
"""Trains an arch: `train(arch, run)`, a function that calls `run.report`, or a generator of what to report."""

_MOST_EPOCHS, _MOST_WORKERS = 10_000, 10_000


@dataclass(frozen=True)
class Checked:
    """What is searched, and with what; checked."""

    train: Train
    space: Choices
    fidelities: Fidelities
    metric: Metric
    budget_s: float
    timeout_s: float | None
    seed: int
    n_workers: int
    searcher: SearcherFactory
    searcher_name: str
    name: str

    @property
    def run_id(self) -> str:
        """Names the run and its record."""
        return run_id(self.space.name, self.name, self.searcher_name, self.seed)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the training function and the space."""
        return _digest(f"{_source(self.train)}\n{self.space!r}")

    def settings(self, metric: Metric) -> dict[str, Any]:
        """Return the settings for the record."""
        return {"searcher": plain(self.searcher), "metric": asdict(metric), "schedules": self.schedules}

    @property
    def schedules(self) -> dict[str, int]:
        """Epochs of each schedule."""
        return {schedule.name: schedule.epochs for schedule in self.fidelities.schedules}

    def claim(self) -> dict[str, Any]:
        """Return everything that must be the same for a search to go on."""
        return {
            "experiment": EXPERIMENT,
            "name": self.name,
            **self.settings(self.metric),
            "searcher": self.searcher_name,
            "settings": plain(self.searcher),
            "seed": self.seed,
            "budget_s": self.budget_s,
            "n_workers": self.n_workers,
            "space": repr(self.space),
            "train": _digest(_source(self.train)),
            "functions": [_digest(_source(function)) for function in self.space.functions],
        }


def checked(
    train: Any,
    space: Any,
    schedules: Any,
    budget: Any,
    out: Any,
    seed: Any,
    metric: Any,
    searcher: Any,
    n_workers: Any,
    timeout: Any,
    after: Any = None,
) -> Checked:
    """Return what the arguments of `search` say; raise `InputError` for what cannot be used."""
    _check_train(train)
    if not isinstance(space, Choices):
        raise InputError(f"space is {shown(space)}, but must be pmfnas.Choices(...)")
    if not isinstance(out, str | os.PathLike):
        raise InputError(f"out is {shown(out)}, but must be the path of a folder")
    for name, value, least, most in (("seed", seed, 0, 2**32 - 1), ("n_workers", n_workers, 1, _MOST_WORKERS)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InputError(f"{name} is {shown(value)}, but must be a whole number from {least} to {most}")
    if searcher is not None and not callable(searcher):
        raise InputError(f"searcher is {shown(searcher)}, but must be a class of searchers, such as PmfNas")
    earlier = _folders(after, Path(out))
    if earlier and searcher is not None:
        raise InputError("after is what PMF-NAS begins with; leave it out, or leave searcher out")
    return Checked(
        train,
        space,
        _fidelities(schedules),
        as_metric(metric),
        seconds("budget", budget),
        None if timeout is None else seconds("timeout", timeout),
        seed,
        n_workers,
        searcher or _pmf_nas(space, earlier),
        "pmf_nas" if searcher is None else _name_of(searcher),
        _plain_name(Path(out).absolute().name),
    )


def _folders(after: Any, out: Path) -> tuple[Path, ...]:
    """Return the folders that `after` names; raise `InputError` where it is no folder, or `out` itself."""
    named = (after,) if isinstance(after, str | os.PathLike) else after if after is not None else ()
    if not isinstance(named, list | tuple) or not all(isinstance(one, str | os.PathLike) for one in named):
        raise InputError(f"after is {shown(after)}, but must be the folder of an earlier search, or a list of such")
    folders = tuple(dict.fromkeys(Path(one) for one in named))
    if out.absolute() in [folder.absolute() for folder in folders]:
        raise InputError(f"after names {out}, which is out itself; give this search another out")
    return folders


def _pmf_nas(space: Choices, after: Sequence[Path]) -> SearcherFactory:
    """Return PMF-NAS without what it takes for granted of images, which no problem of a user need share.

    That is the belief that larger networks are better, and probes: what a training loss early in the longest schedule
    is worth at its end. Where networks overfit, the lowest training loss is no good sign.
    """
    from pmfnas.engine.parts import WHOLE
    from pmfnas.engine.searcher import PmfNas
    from pmfnas.engine.settings import Settings
    from pmfnas.problem.earlier import read_earlier
    from pmfnas.problem.warm import warm_pmf_nas

    settings = Settings(capacity_belief=0.0, explore_belief=0.0)
    parts = replace(WHOLE, probes=False)
    if not after:
        return partial(PmfNas, settings=settings, parts=parts)
    return partial(warm_pmf_nas, settings=settings, parts=parts, earlier=read_earlier(after, space))


def _name_of(searcher: SearcherFactory) -> str:
    made = getattr(searcher, "func", searcher)
    return _plain_name(getattr(made, "__name__", type(made).__name__))


def _plain_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text).strip("._-") or "search"


def _check_train(train: Any) -> None:
    if not callable(train):
        raise InputError(f"train is {shown(train)}, but must be a function: def train(arch, run)")
    try:
        inspect.signature(train).bind(None, None)
    except TypeError:
        raise InputError(f"train takes {inspect.signature(train)}, but must take two arguments: arch and run") from None
    except ValueError:
        return  # a function without a signature


def _fidelities(schedules: Any) -> Fidelities:
    """Return the schedules; validation is possible after every epoch."""
    named = {str(schedules): schedules} if isinstance(schedules, int) else schedules
    if not isinstance(named, Mapping) or not named:
        raise InputError(f'schedules is {shown(schedules)}, but must name epochs, such as {{"short": 9, "long": 81}}')
    for name, epochs in named.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_]+", name):
            raise InputError(f"schedules has the name {shown(name)}, but a name is a plain word such as short")
        if isinstance(epochs, bool) or not isinstance(epochs, int) or not 1 <= epochs <= _MOST_EPOCHS:
            raise InputError(
                f"schedules has {name}: {shown(epochs)}, but epochs are a whole number from 1 to {_MOST_EPOCHS:,}"
            )
    lengths = list(named.values())
    if lengths != sorted(set(lengths)):
        raise InputError(f"schedules is {shown(dict(named))}, but must be given with the shortest first, each longer")
    return Fidelities(tuple(Schedule(name, n, frozenset(range(1, n + 1))) for name, n in named.items()))


def pickled(problem: Checked) -> bytes:
    """Return what a worker process needs; raise `InputError` where it cannot be sent to one."""
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps((problem.train, problem.space, problem.metric)))
    except Exception as error:  # what cannot be pickled raises anything
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(
            f"train cannot be sent to a worker process ({cause}); open files, locks and devices inside train"
        ) from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _source(function: Any) -> str:
    """Return the source of a function; where there is none, its compiled code, or its name."""
    inner = getattr(function, "func", function)
    try:
        return inspect.getsource(inner)
    except (OSError, TypeError):
        code = getattr(inner, "__code__", None)
        return f"{getattr(inner, '__qualname__', type(inner).__qualname__)} {code.co_code.hex() if code else ''}"

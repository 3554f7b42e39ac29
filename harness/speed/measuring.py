"""All parts of the measurement, in order, with a line of progress before each."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from harness.host.units import written_time
from harness.speed import growth, searching
from harness.speed.figure import Figure
from harness.speed.parts import Plan, run_part
from pmfnas.core.errors import PmfnasError
from pmfnas.progress import Progress

SPACED = ("regularized_evolution", "pmf_nas")
"""Searchers whose growth with the size of the space is measured."""
SHARES = MappingProxyType(
    {
        **{"data": 3, "queries": 1, "events": 2, "model-free": 4, "table2": 5, "seeds": 1, "archs": 1},
        **{f"space-{name}": 1 for name in SPACED},
        **{f"budget-{name}": 1 for name in growth.SEARCHERS},
        **{"backends": 2, "pmf_nas": 10},
    }
)
"""Part, in order -> its share of the time that is left. The packages of the field, which take longest, come last."""
PARTS = tuple(SHARES)


def measured(plan: Plan, names: Collection[str]) -> Iterator[tuple[str, list[Figure]]]:
    """Yield name and figures of each part called for, as soon as it is measured.

    Each part gets its share of the time that is left then, so that a slow one does not use up that of the others.
    """
    parts = {name: part for name, part in _parts().items() if name in names}
    left = sum(SHARES[name] for name in parts)
    with Progress("speed", len(parts), unit="part") as progress:
        for name, part in parts.items():
            begin = time.monotonic()
            until = begin + (plan.until - begin) * SHARES[name] / left
            yield name, list(_guarded(name, partial(part, replace(plan, until=until))))
            left -= SHARES[name]
            progress.step()
            progress.say(f"{name}: measured in {written_time(time.monotonic() - begin)}")


def _parts() -> dict[str, Callable[[Plan], list[Figure]]]:
    """Return the parts by name, in the order of `PARTS`."""
    return {
        "data": partial(run_part, "archive.measure"),
        "queries": partial(run_part, "queries.measure"),
        "events": partial(run_part, "events.measure"),
        "model-free": partial(run_part, "events.model_free"),
        "table2": partial(run_part, "events.table2"),
        "seeds": growth.seeds,
        "archs": growth.archs,
        **{f"space-{name}": partial(growth.spaces, searcher=name) for name in SPACED},
        **{f"budget-{name}": partial(growth.budget, searcher=name) for name in growth.SEARCHERS},
        "backends": partial(run_part, "clusters.measure"),
        "pmf_nas": searching.measure,
    }


def _guarded(name: str, part: Callable[[], list[Figure]]) -> Iterator[Figure]:
    """Yield the figures of a part; one without a value if it failed."""
    try:
        yield from part()
    except PmfnasError as error:
        yield Figure(name, name, None, "", note=str(error))

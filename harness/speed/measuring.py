"""All parts of the measurement, in order, with a line of progress before each."""

import time
from collections.abc import Callable, Iterator

from harness.host.units import written_time
from harness.speed import growth, searching
from harness.speed.figure import Figure
from harness.speed.parts import Plan, run_part
from pmfnas.core.errors import PmfnasError
from pmfnas.progress import Progress

SPACED = ("regularized_evolution", "pmf_nas")
"""Searchers whose growth with the size of the space is measured."""


def measure_all(plan: Plan) -> list[Figure]:
    """Return the figures of every part."""
    parts = _parts(plan)
    figures: list[Figure] = []
    with Progress("speed", len(parts), unit="part") as progress:
        for name, part in parts.items():
            begin = time.monotonic()
            figures += list(_guarded(name, part))
            progress.step()
            progress.say(f"{name}: measured in {written_time(time.monotonic() - begin)}")
    return figures


def _parts(plan: Plan) -> dict[str, Callable[[], list[Figure]]]:
    """Return the parts by name; the packages of the field, which take longest, come last."""

    def in_child(name: str) -> Callable[[], list[Figure]]:
        return lambda: run_part(name, plan)

    def budget_of(searcher: str) -> Callable[[], list[Figure]]:
        return lambda: growth.budget(plan, searcher)

    def space_of(searcher: str) -> Callable[[], list[Figure]]:
        return lambda: growth.spaces(plan, searcher)

    return {
        "data": in_child("archive.measure"),
        "queries": in_child("queries.measure"),
        "events": in_child("events.measure"),
        "model-free": in_child("events.model_free"),
        "table2": in_child("events.table2"),
        "seeds": lambda: growth.seeds(plan),
        "archs": lambda: growth.archs(plan),
        **{f"space, {name}": space_of(name) for name in SPACED},
        **{f"budget, {name}": budget_of(name) for name in growth.SEARCHERS},
        "backends": in_child("clusters.measure"),
        "pmf_nas": lambda: searching.measure(plan),
    }


def _guarded(name: str, part: Callable[[], list[Figure]]) -> Iterator[Figure]:
    """Yield the figures of a part; one without a value if it failed."""
    try:
        yield from part()
    except PmfnasError as error:
        yield Figure(name, name, None, "", note=str(error))

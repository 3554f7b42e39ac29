"""Explanation and remedy of each check of a searcher."""

from collections.abc import Mapping
from types import MappingProxyType

from pmfnas.testing.searcher_checks import CheckResult

_MEANING: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "same seed, same moves": (
            "Two searches with the same seed and three workers must make the same moves.",
            "Draw from `rng` alone, and do not iterate over sets or anything whose order is not fixed.",
        ),
        "global generators scrambled": (
            "`random` and `numpy.random` were set to other states between the questions.",
            "Use `self.rng`, the generator that the constructor is given, for everything that is drawn.",
        ),
        "other seeds, other archs": (
            "Four searches with different seeds started with the same archs.",
            "Draw from `rng`; if the searcher draws nothing on purpose, say --deterministic.",
        ),
        "process state untouched": (
            "Environment, working directory, warnings and global generators were compared before and after.",
            "Leave them alone: other searchers run in the same process.",
        ),
        "1 worker": ("One training at a time.", "See that `ask` submits something that ends within the budget."),
        "4 workers": (
            "Four trainings side by side.",
            "`ask` is called while a worker is free: submit more, or answer Wait() while something is running.",
        ),
        "16 workers": (
            "Sixteen trainings side by side.",
            "`ask` is called while a worker is free: submit more, or answer Wait() while something is running.",
        ),
        "out of order": (
            "Eight workers, and segments end in another order than they began.",
            "Look at `ticket.request` in `tell` to see what has ended; do not count on the order.",
        ),
        "recommends what it saw": (
            "A plain search with one worker.",
            "`recommend` returns archs that ended well, best first, as soon as there is one.",
        ),
        "constant scores": (
            "Every arch had the same accuracy.",
            "Ties must not stop the search: there is always something to recommend.",
        ),
        "some archs diverge": (
            "Three in ten archs turned to NaN in training and were told as Diverged.",
            "Look for `isinstance(outcome, Ok)` before using a curve, and do not recommend what diverged.",
        ),
        "all archs diverge": (
            "Every arch turned to NaN in training.",
            "Recommend nothing then, and go on asking or stop; do not fail on an empty list.",
        ),
        "some archs unavailable": (
            "Three in ten archs were told as Failed, at no cost: they were never measured.",
            "Ask for another arch instead of the same one again.",
        ),
        "some segments fail": (
            "Three in ten segments ended as Failed after half their cost.",
            "A failed segment leaves no checkpoint: go on from an earlier one or start afresh.",
        ),
        "some segments cancelled": (
            "Three in ten segments ended as Cancelled after half their cost.",
            "A cancelled segment leaves no checkpoint: go on from an earlier one or start afresh.",
        ),
        "budget below one segment": (
            "The budget ends before anything does.",
            "`recommend` must return nothing then.",
        ),
        "budget of one segment": (
            "The budget ends with the first segment.",
            "`recommend` must return its arch, if it was validated.",
        ),
        "space exhausted": (
            "A space of four archs and a long budget, with one and with four workers.",
            "When all is tried answer Wait() while something is running, then Stop().",
        ),
    }
)
"""Check -> what was done, and what to do where it fails."""


def explained(result: CheckResult) -> list[str]:
    """Return the lines of a result; of a failure what was done, what happened and what to do."""
    if result.passed:
        return [f"ok    {result.name}"]
    done, remedy = _MEANING[result.name]
    return [
        f"FAIL  {result.name}",
        f"      what was done:  {done}",
        f"      what happened:  {result.explanation}",
        f"      what to do:     {remedy}",
    ]

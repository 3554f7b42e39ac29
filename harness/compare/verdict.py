"""The verdict of a comparison in words: better, worse or not distinguishable, and how many seeds would decide it.

For each data set, each searcher under trial is compared with each opponent over the seeds that both finished. All
comparisons of a page are one family for Holm's adjustment. A searcher is called better or worse if the signed-rank
test is significant and the mean has the same sign. If nothing is significant, the page says how many seeds are needed
to detect the observed difference (`harness.stats.power.pairs_to_detect`, at the family's strictest level).
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from harness.host.units import counted
from harness.score.words import Words, sentence_case, words_for, words_of
from harness.show.cells import p_text
from harness.show.render import screen_width
from harness.stats.aggregates import std
from harness.stats.decision import MIN_SEEDS, SIGNIFICANT, Compared, Decision, compare, decide, paired_differences
from harness.stats.paired import holm
from harness.stats.power import pairs_to_detect
from harness.stats.runs import by_seed, checked_runs, groups
from pmfnas.benchmarks.header import HELD_OUT
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

WORDS: Mapping[Decision, str] = MappingProxyType(
    {"better": "better", "worse": "worse", "mixed": "mixed", "level": "not distinguishable", "no claim": "no claim"}
)
"""Words for a verdict, on this page and on other pages that compare searchers."""
POWER = 0.8
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """One searcher against one opponent on one data set; differences are searcher - opponent, percent points."""

    dataset: str
    searcher: str
    opponent: str
    verdict: str
    """`better`, `worse`, `mixed` (ranks and mean disagree), `not distinguishable`, `no claim` (fewer than 20 pairs) or
    `no result` (no pair)."""
    n_pairs: int
    difference: float
    low: float
    """Lower end of the 95 % interval of the mean difference."""
    high: float
    p_value: float
    """Holm-adjusted over the page; NaN below 20 pairs."""
    effect: float
    """Rank-biserial correlation, > 0 if the searcher is better."""
    wins: int
    ties: int
    losses: int
    seeds_needed: int | None
    """Pairs needed to detect the difference, if `not distinguishable` or `no claim`; None if more than 10,000."""
    failures: str
    """Failed runs of both searchers, with reasons; empty if none failed."""


def verdicts(
    runs: pd.DataFrame, searchers: Sequence[str], opponents: Sequence[str], *, seed: int = 0
) -> tuple[Verdict, ...]:
    """Return the verdict of every comparison, by data set, searcher and opponent.

    Args:
        runs: see `harness.stats.runs`.
        searchers: the searchers under trial.
        opponents: the searchers to compare them with.
        seed: seed of the bootstrap.
    """
    parts = groups(checked_runs(runs))
    datasets = list(dict.fromkeys(dataset for dataset, _ in parts))
    cases = [(d, s, o) for d in datasets for s in searchers for o in opponents if s != o]
    found = {case: _differences(parts, case) for case in cases}
    drawn = {case: compare(gaps, rng=stream(seed, f"verdict/{'/'.join(case)}")) for case, gaps in found.items()}
    p_raw = [one.p_raw for one in drawn.values()]
    alpha = SIGNIFICANT / max(1, int(np.sum(~np.isnan(p_raw))))
    return tuple(
        _verdict(case, drawn[case], found[case], float(p), alpha, _failures(parts, case))
        for case, p in zip(cases, holm(p_raw), strict=True)
    )


_Case = tuple[str, str, str]


def _differences(parts: Mapping[tuple[str, str], pd.DataFrame], case: _Case) -> FloatArray:
    dataset, searcher, opponent = case
    if (dataset, searcher) not in parts or (dataset, opponent) not in parts:
        return np.empty(0)
    return paired_differences(by_seed(parts[dataset, searcher], "test"), by_seed(parts[dataset, opponent], "test"))


def _verdict(case: _Case, found: Compared, gaps: FloatArray, p: float, alpha: float, failures: str) -> Verdict:
    said = WORDS[decide(p, found.difference, found.effect)] if found.n_pairs else "no result"
    needed = None
    if said in ("not distinguishable", "no claim"):
        needed = pairs_to_detect(found.difference, float(std(gaps)), power=POWER, alpha=alpha)
    return Verdict(
        *case,
        verdict=said,
        n_pairs=found.n_pairs,
        difference=found.difference,
        low=found.ci_low,
        high=found.ci_high,
        p_value=p,
        effect=found.effect,
        wins=found.wins,
        ties=found.ties,
        losses=found.losses,
        seeds_needed=None if needed is None else max(needed, MIN_SEEDS),
        failures=failures,
    )


def _failures(parts: Mapping[tuple[str, str], pd.DataFrame], case: _Case) -> str:
    dataset, *names = case
    texts = []
    for name in names:
        rows = parts.get((dataset, name))
        failed = rows[~rows["ok"]] if rows is not None else None
        if failed is not None and len(failed):
            reasons = " ".join(str(failed["why"].value_counts().index[0]).split())
            texts.append(f"{len(failed)} of {len(rows if rows is not None else ())} runs of {name} failed ({reasons})")
    return "; ".join(texts)


# ---------------------------------------------------------------------------------------------------- in words


def markdown(found: Sequence[Verdict], runs: pd.DataFrame, *, where: Mapping[str, str], title: str = "Verdict") -> str:
    """Return the page: the comparison, a verdict per data set, and how to read it.

    Args:
        found: the verdicts.
        runs: the compared runs, for the rules of the experiment.
        where: searcher -> where it ran, `in process` or `in its own process`.
        title: title of the page.
    """
    lines = [f"# {title}", "", _rules(runs), ""]
    words = words_of(runs)
    score = "the score" if words.name == HELD_OUT else words.accuracy
    lines += [f"- {name}: {_ran(place, score)}" for name, place in where.items()]
    for dataset in dict.fromkeys(v.dataset for v in found):
        lines += ["", f"## {dataset}"]
        for verdict in (v for v in found if v.dataset == dataset):
            lines += ["", *sentences(verdict, words)]
    return "\n".join(_wrapped([*lines, "", "---", "", _legend(found)])) + "\n"


def _wrapped(lines: Sequence[str], width: int = WIDTH) -> list[str]:
    """Return the lines, wrapped to a width that also suits a terminal."""
    wrapped: list[str] = []
    for line in lines:
        plain = not line or (line.startswith("#") and len(line) <= width)
        indent = "  " if line.startswith("- ") else ""
        wrapped += [line] if plain else textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)
    return wrapped


def on_screen(page: str) -> str:
    """Return the page of `markdown` for a screen; wrap it again if the screen is narrower."""
    return "\n".join(_wrapped(page.splitlines(), min(WIDTH, screen_width()))) + "\n"


ACCURACY = words_for("")
"""Words of data that are scored by test accuracy."""


def sentences(verdict: Verdict, words: Words = ACCURACY) -> list[str]:
    """Return a verdict as sentences; `words` name the compared score."""
    accuracy = words.accuracy
    v, who = verdict, f"{verdict.searcher} against {verdict.opponent}"
    if v.verdict == "no result":
        return [f"**{who}: no result.** There is no seed that both finished. {_sentence(v.failures)}".rstrip()]
    said = {
        "better": f"**{v.searcher} is better than {v.opponent}**, by {_size(v, words)} of {accuracy}",
        "worse": f"**{v.searcher} is worse than {v.opponent}**, by {_size(v, words)} of {accuracy}",
        "mixed": f"**{who}: mixed.** Seed by seed it is {'ahead' if v.effect > 0 else 'behind'}, "
        f"but the mean difference is {_signed(v, words)} of {accuracy}",
        "not distinguishable": f"**{who}: not distinguishable.** The difference is {_signed(v, words)} of {accuracy}",
        "no claim": f"**{who}: no claim**, since {v.n_pairs} paired seeds are fewer than {MIN_SEEDS}. So far it is "
        f"{_signed(v, words)} of {accuracy}",
    }[v.verdict]
    tested = "" if np.isnan(v.p_value) else f", {p_text(v.p_value)}"
    counted = f"It wins {v.wins}, ties {v.ties} and loses {v.losses} of {v.n_pairs} paired seeds."
    lines = [f"{said}{_covered(v, words)}{tested}. {counted}"]
    if v.verdict in ("not distinguishable", "no claim"):
        lines.append(_settling(v, words))
    return lines + ([f"Failed runs are left out: {_sentence(v.failures)}"] if v.failures else [])


def _settling(v: Verdict, words: Words) -> str:
    """Return a sentence on how many more seeds would decide the comparison."""
    if v.verdict == "no claim":
        needed = v.seeds_needed or 0
        size = f"; to show a difference of this size, about {needed - v.n_pairs}" if needed > MIN_SEEDS else ""
        return f"A claim takes at least {MIN_SEEDS - v.n_pairs} more seeds (`--seeds {MIN_SEEDS}`){size}."
    if v.seeds_needed is None:
        ends = f"{v.low:+{words.form}} and {v.high:+{words.form}} {words.short_points}"
        bound = "" if np.isnan(v.low) else f" Whatever it is, it lies between {ends}."
        return f"A difference as small as this one would take more than 10,000 seeds to show.{bound}"
    more = v.seeds_needed - v.n_pairs
    if more <= 0:
        return "If the true difference is as observed, this many seeds had a good chance to show it: it may be smaller."
    return (
        f"About {more} more seeds (`--seeds {v.seeds_needed}`) would settle it: if the true difference is as observed, "
        f"they show it with a chance of {100 * POWER:.0f} %."
    )


def _size(v: Verdict, words: Words) -> str:
    return f"{abs(v.difference):{words.form}} {words.short_points}"


def _signed(v: Verdict, words: Words) -> str:
    return f"{v.difference:+{words.form}} {words.short_points}"


def _covered(v: Verdict, words: Words) -> str:
    if np.isnan(v.low):
        return ""
    low, high = (v.low, v.high) if v.verdict != "worse" else (-v.high, -v.low)
    form = words.form if v.verdict in ("better", "worse") else f"+{words.form}"
    return f" (95 % confidence interval {low:{form}} to {high:{form}})"


def _sentence(text: str) -> str:
    return f"{text}." if text else ""


def _rules(runs: pd.DataFrame) -> str:
    first = runs.iloc[0]
    return (
        f"{sentence_case(words_of(runs).accuracy)} of the arch recommended "
        f"after {first['budget_s'] / 3600:.2f} h of the clock with {counted(first['n_workers'], 'worker')}, "
        f"{first['accounting']} accounting, seeds {runs['seed'].min()} to {runs['seed'].max()}; "
        f"data {first['data']} {str(first['fingerprint'])[:12]}."
    )


def _ran(place: str, score: str) -> str:
    if place == "in process":
        return f"ran in the harness's own process, where it is handed nothing that leads to {score}."
    return (
        f"ran in a process of its own, spoken to by messages without {score}; files within the user's reach are "
        "within its reach."
    )


def _legend(found: Sequence[Verdict]) -> str:
    """Return how to read the page; explain only what the page shows."""
    n_claims = sum(not np.isnan(v.p_value) for v in found)
    p = f"p: Wilcoxon signed-rank, two-sided, Holm over the {n_claims} comparisons of this page. " if n_claims else ""
    settled = any("would settle it" in line for v in found for line in sentences(v))
    needed = f"Seeds that would settle it: for the signed-rank test at the strictest level of the page, power {POWER}. "
    return (
        f"Differences are paired by seed: both searchers meet the same trials. {p}Interval: BCa bootstrap of the mean "
        f"difference, over seeds only. {needed if settled else ''}Below {MIN_SEEDS} seeds nothing is claimed."
    )


def frame(found: Sequence[Verdict]) -> pd.DataFrame:
    """Return one row per verdict, with the fields of `Verdict`."""
    return pd.DataFrame([{name: getattr(v, name) for name in Verdict.__slots__} for v in found])

"""Verdicts on frames by hand: the words say what the numbers say."""

import numpy as np
import pytest

from harness.compare.verdict import frame, markdown, sentences, verdicts
from harness.stats.paired import holm, rank_biserial, wilcoxon_p
from harness.stats.power import pairs_to_detect
from tests.support.frames import runs_of

RNG = np.random.default_rng(11)
LEVEL = list(np.round(RNG.normal(92.0, 0.2, 24), 2))


def shifted(by, spread=0.05, n=24):
    noise = np.random.default_rng(5).normal(0, spread, n)
    return [round(a + by + e, 3) for a, e in zip(LEVEL[:n], noise, strict=True)]


def one(mine, theirs=None, n=24):
    (verdict,) = verdicts(
        runs_of({"cifar10": {"mine": list(mine), "pmf_nas": list(theirs or LEVEL[:n])}}), ["mine"], ["pmf_nas"]
    )
    return verdict, " ".join(sentences(verdict))


def test_better():
    verdict, text = one(shifted(+0.5))
    assert (verdict.verdict, verdict.wins, verdict.ties, verdict.losses) == ("better", 24, 0, 0)
    assert verdict.difference == pytest.approx(0.5, abs=0.05)
    assert verdict.low < verdict.difference < verdict.high
    assert verdict.seeds_needed is None
    assert text.startswith(f"**mine is better than pmf_nas**, by {verdict.difference:.2f} points of test accuracy")
    assert "(95 % confidence interval 0." in text
    assert "p < .001. It wins 24, ties 0 and loses 0 of 24 paired seeds." in text
    assert "more seeds" not in text


def test_worse_is_the_mirror_of_better():
    verdict, text = one(shifted(-0.5))
    assert verdict.verdict == "worse"
    assert f"**mine is worse than pmf_nas**, by {-verdict.difference:.2f} points" in text
    assert f"interval {-verdict.high:.2f} to {-verdict.low:.2f})" in text


def test_not_distinguishable_says_what_would_settle_it():
    verdict, text = one(shifted(+0.03, spread=0.3))
    assert verdict.verdict == "not distinguishable"
    assert verdict.p_value >= 0.05
    assert verdict.seeds_needed > 24
    assert f"About {verdict.seeds_needed - 24} more seeds (`--seeds {verdict.seeds_needed}`) would settle it" in text
    page = markdown([verdict], runs_of({"cifar10": {"mine": LEVEL}}), where={})
    assert "Seeds that would settle it: for the signed-rank test" in " ".join(page.split())


def test_equal_runs_are_not_distinguishable_by_any_number_of_seeds():
    verdict, text = one(LEVEL)
    assert (verdict.verdict, verdict.difference, verdict.ties) == ("not distinguishable", 0.0, 24)
    assert verdict.seeds_needed is None
    assert "more than 10,000 seeds" in text


def test_ranks_and_mean_that_disagree_are_mixed():
    mine = [a + 0.1 for a in LEVEL[:21]] + [a - 5.0 for a in LEVEL[21:]]
    verdict, text = one(mine)
    assert verdict.verdict == "mixed"
    assert verdict.effect > 0 > verdict.difference
    assert "mixed.** Seed by seed it is ahead, but the mean difference is -" in text


def test_few_seeds_make_no_claim():
    verdict, text = one(shifted(+0.5, n=6), n=6)
    assert verdict.verdict == "no claim"
    assert np.isnan([verdict.p_value, verdict.effect]).all()
    assert "no claim**, since 6 paired seeds are fewer than 20" in text
    assert "A claim takes at least 14 more seeds (`--seeds 20`)." in text


def test_few_seeds_and_a_small_difference_say_both_numbers():
    verdict, text = one(shifted(+0.02, spread=0.3, n=6), n=6)
    assert (
        f"at least 14 more seeds (`--seeds 20`); to show a difference of this size, about {verdict.seeds_needed - 6}."
        in text
    )


def test_one_seed_has_no_interval():
    verdict, text = one([92.5], [92.0])
    assert np.isnan([verdict.low, verdict.high]).all()
    assert "So far it is +0.50 points" in text
    assert "interval" not in text
    assert text.endswith("A claim takes at least 19 more seeds (`--seeds 20`).")


def test_failed_runs_are_left_out_and_named():
    runs = runs_of({"cifar10": {"mine": shifted(+0.5), "pmf_nas": LEVEL}})
    runs.loc[(runs["searcher"] == "mine") & (runs["seed"] < 3), ["status", "why"]] = "failed", "ask raised OSError: x"
    (verdict,) = verdicts(runs, ["mine"], ["pmf_nas"])
    assert verdict.n_pairs == 21
    assert "Failed runs are left out: 3 of 24 runs of mine failed (ask raised OSError: x)." in sentences(verdict)[-1]
    runs.loc[runs["searcher"] == "mine", ["status", "why"]] = "failed", "ask raised OSError: x"
    (verdict,) = verdicts(runs, ["mine"], ["pmf_nas"])
    assert verdict.verdict == "no result"
    assert "24 of 24 runs of mine failed (ask raised OSError: x)." in sentences(verdict)[0]


def test_all_comparisons_of_a_page_are_one_family():
    runs = runs_of(
        {
            dataset: {"mine": shifted(shift, spread=0.3), "pmf_nas": LEVEL, "asha": shifted(0.1, spread=0.2)}
            for dataset, shift in (("cifar10", 0.2), ("cifar100", 0.1))
        }
    )
    found = verdicts(runs, ["mine"], ["pmf_nas", "asha"])
    assert [(v.dataset, v.opponent) for v in found] == [
        *(("cifar10", "pmf_nas"), ("cifar10", "asha")),
        *(("cifar100", "pmf_nas"), ("cifar100", "asha")),
    ]
    pairs = [
        [
            np.subtract(*(np.asarray(runs[(runs["dataset"] == d) & (runs["searcher"] == s)]["test"]) for s in (a, b)))
            for a, b in (("mine", "pmf_nas"), ("mine", "asha"))
        ]
        for d in ("cifar10", "cifar100")
    ]
    differences = [row for block in pairs for row in block]
    assert [v.p_value for v in found] == pytest.approx(holm([wilcoxon_p(d) for d in differences]))
    assert [v.effect for v in found] == pytest.approx([rank_biserial(d) for d in differences])
    needed = [pairs_to_detect(float(d.mean()), float(d.std(ddof=1)), alpha=0.05 / 4) for d in differences]
    still_open = [i for i, v in enumerate(found) if v.verdict == "not distinguishable"]
    assert still_open
    assert [found[i].seeds_needed for i in still_open] == [needed[i] and max(needed[i], 20) for i in still_open]


def test_the_page_names_data_budget_seeds_and_where_searchers_ran():
    runs = runs_of({d: {"mine": shifted(+0.5), "pmf_nas": LEVEL} for d in ("cifar10", "cifar100")})
    found = verdicts(runs, ["mine"], ["pmf_nas"])
    text = " ".join(markdown(found, runs, where={"mine": "in its own process"}).split())
    for said in (
        "after 1.00 h of the clock with 2 workers, resume accounting, seeds 0 to 23; data ANCHORED 0123456789ab",
        "mine: ran in a process of its own",
        "## cifar10 **mine is better",
        "## cifar100 **mine is better",
        "Holm over the 2 comparisons of this page",
    ):
        assert said in text
    assert "Seeds that would settle it" not in text
    assert "the harness's own process" in markdown(found, runs, where={"mine": "in process"})
    assert list(frame(found)["verdict"]) == ["better", "better"]
    for data, score in (("ANCHORED", "test accuracy"), ("REAL-FINALS", "the score")):
        text = markdown(found, runs.assign(data=data), where={"mine": "in process"})
        assert f"handed nothing that leads to {score}." in " ".join(text.split())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_run_without_a_finite_accuracy_has_failed(value):
    runs = runs_of({"cifar10": {"mine": shifted(+0.5), "pmf_nas": LEVEL}})
    runs.loc[(runs["searcher"] == "mine") & (runs["seed"] == 0), "test"] = value
    (verdict,) = verdicts(runs, ["mine"], ["pmf_nas"])
    assert (verdict.n_pairs, verdict.verdict) == (23, "better")
    assert verdict.failures == "1 of 24 runs of mine failed (no score)"

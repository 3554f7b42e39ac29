import pandas as pd
import pytest

from harness.compare.agreement import OPEN, OUTSIDE, WITHIN, agreements, frame, markdown, terminal

PACKAGE, OURS = "dehb-0.1.2", "dehb-1.3.12"


def runs(searchers, dataset="cifar10"):
    """Return the frame of runs with these test accuracies per seed: searcher -> values, None for a failed run."""
    common = {"experiment": "peers", "data": "X", "fingerprint": "f", "budget_s": 1.0, "n_workers": 1}
    zeros = dict.fromkeys(
        ("gpu_hours_resume", "gpu_hours_restart", "busy_hours", "evaluations", "incumbent_hours"), 0.0
    )
    return pd.DataFrame(
        [
            {
                **common,
                **zeros,
                "accounting": "resume",
                "dataset": dataset,
                "searcher": searcher,
                "seed": seed,
                "arch": "a",
            }
            | {"status": "ok" if test is not None else "failed", "why": "", "valid": test, "test": test, "hit": False}
            | {"valid_regret": 0.0, "test_regret": 0.0}
            for searcher, tests in searchers.items()
            for seed, test in enumerate(tests)
        ]
    )


def wobbling(mean, n=20):
    return [mean + (0.5 if seed % 2 else -0.5) for seed in range(n)]


def test_level_within_and_apart_outside():
    noisy = [mean + (1 if seed % 4 < 2 else -1) for seed, mean in enumerate(wobbling(90))]
    (level,) = agreements(runs({PACKAGE: wobbling(90), OURS: noisy}))
    assert (level.agreement, level.n_pairs) == (WITHIN, 20)
    assert level.low <= 0 <= level.high
    (apart,) = agreements(runs({PACKAGE: wobbling(90), OURS: [value + 2 for value in noisy]}))
    assert apart.agreement == OUTSIDE
    assert apart.difference == pytest.approx(2.0)
    assert apart.low < 2 < apart.high
    assert (apart.package_mean, apart.our_mean) == (pytest.approx(90), pytest.approx(92))


def test_few_seeds_make_no_claim():
    (one,) = agreements(runs({PACKAGE: [90.0], OURS: [95.0]}))
    assert (one.agreement, one.n_pairs) == (OPEN, 1)
    assert "| - | too few seeds |" in markdown([one], where="here.", absent={})
    (some,) = agreements(runs({PACKAGE: wobbling(90, 19), OURS: wobbling(95, 19)}))
    assert some.agreement == OPEN


def test_only_seeds_that_both_finished_count():
    package = [None, *wobbling(90, 21)]
    (found,) = agreements(runs({PACKAGE: package, OURS: [0.0, *wobbling(90, 20)]}))
    assert found.n_pairs == 20
    assert found.difference == pytest.approx(0.0)


def test_without_pairs_there_is_nothing_to_compare():
    assert agreements(runs({PACKAGE: wobbling(90), "random_search": wobbling(80)})) == ()
    assert list(frame(())) == list(frame(agreements(runs({PACKAGE: [1.0], OURS: [1.0]}))))
    text = markdown((), where="here.", absent={"smac-2.4": "pip failed: no network"})
    assert "have finished a run" in text
    assert "- smac-2.4: pip failed: no network" in text


def test_a_screen_gets_the_numbers_of_the_page(monkeypatch):
    found = agreements(runs({PACKAGE: wobbling(90), OURS: wobbling(92)}))
    assert found
    page, screen = markdown(found, where="here", absent={}), terminal(found, where="here")
    for one in found:
        assert f"{one.our_mean:.2f}" in page
        assert f"{one.our_mean:.2f}" in screen
    monkeypatch.setenv("COLUMNS", "70")
    lines = terminal(found, where="here").splitlines()
    assert max(map(len, lines)) <= 70
    assert "Not shown, since the screen is narrow: n, package %" in "\n".join(lines)
    assert "share a seed" in terminal((), where="here")

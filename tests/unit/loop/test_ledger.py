"""The ledger by hand: an epoch costs 10 s, a validation 1 s."""

import pytest

from pmfnas.core.types import Drop, Train, Wait
from pmfnas.loop.ledger import repeated_s, totals
from tests.support.fakes import A, B, Scripted, play, submit

HALF = Train(A, "12", 0, 6)  # 60 s and a pass
REST = Train(A, "12", 6, 12)
BESIDE = Train(B, "12", 0, 3)  # 30 s and a pass
WORKERS = 2


def hours(accounting, *decisions, budget_s=10_000.0):
    """Return the totals, in seconds, of a script that runs on two workers."""
    run = play(Scripted(decisions), n_workers=WORKERS, accounting=accounting, budget_s=budget_s)
    found = totals(run.entries, clock_s=run.clock_s, n_workers=WORKERS, accounting=accounting)
    return run, [3600 * found.gpu_hours_resume, 3600 * found.gpu_hours_restart, 3600 * found.busy_hours]


SCRIPT = (submit(HALF), Wait(), submit(REST), submit(BESIDE), Drop(A))
"""A trains to epoch 6 alone, 61 s; then it goes on beside B, and is dropped when B is done, at 92 s."""


def test_a_cancelled_segment_repeats_no_epoch_twice():
    run, seconds = hours("restart", *SCRIPT)
    assert [(e.status, e.end_s - e.start_s, e.before_s) for e in run.entries] == [
        ("ok", 61.0, 0.0),
        ("ok", 31.0, 0.0),
        ("cancelled", 31.0, 60.0),
    ]
    # Two workers for 92 s. The worker of A was busy 31 s after 61 s, all of them with epochs that resume would not pay.
    assert seconds == pytest.approx([184.0 - 31.0, 184.0, 61.0 + 31.0 + 31.0])


def test_a_cancelled_segment_would_have_repeated_all_epochs_before_it():
    _, seconds = hours("resume", *SCRIPT)
    assert seconds == pytest.approx([184.0, 184.0 + 60.0, 61.0 + 31.0 + 31.0])


GOING_ON = (submit(HALF), Wait(), submit(REST), Wait())
"""A trains to epoch 6, 61 s; then it goes on until the budget cuts it off."""


@pytest.mark.parametrize(
    ("accounting", "budget_s", "busy_s", "resume_s", "restart_s"),
    [
        # Two workers. Under restart the first 60 s after 61 s repeat epochs, and resume would not pay them.
        ("restart", 100.0, 39.0, 200.0 - 39.0, 200.0),
        ("restart", 150.0, 89.0, 300.0 - 60.0, 300.0),
        ("resume", 100.0, 39.0, 200.0, 200.0 + 60.0),
    ],
)
def test_a_cut_segment_repeats_epochs_as_far_as_it_came(accounting, budget_s, busy_s, resume_s, restart_s):
    run, seconds = hours(accounting, *GOING_ON, budget_s=budget_s)
    assert [(e.status, e.cost.total_s, e.before_s) for e in run.entries] == [
        ("ok", 61.0, 0.0),
        ("cut", busy_s, 60.0),
    ]
    assert seconds == pytest.approx([resume_s, restart_s, 61.0 + busy_s])


@pytest.mark.parametrize("accounting", ["resume", "restart"])
def test_a_segment_that_is_dropped_as_soon_as_it_starts_repeats_nothing(accounting):
    run, seconds = hours(accounting, submit(HALF), Wait(), submit(REST), Drop(A))
    assert [(e.status, e.worker, e.cost.total_s) for e in run.entries] == [("ok", 0, 61.0), ("cancelled", 0, 0.0)]
    assert seconds == pytest.approx([122.0, 122.0, 61.0])


@pytest.mark.parametrize(
    ("status", "worker", "cost_s", "accounting", "expected"),
    [
        ("ok", 0, 61.0, "restart", (60.0, 0.0)),
        ("ok", 0, 61.0, "resume", (60.0, 0.0)),
        ("cancelled", 0, 75.0, "restart", (0.0, 60.0)),
        ("cut", 0, 31.0, "restart", (0.0, 31.0)),
        ("cut", 0, 31.0, "resume", (60.0, 0.0)),
        ("cancelled", 0, 0.0, "resume", (0.0, 0.0)),
        ("cut", 0, 0.0, "resume", (0.0, 0.0)),
        ("ok", 0, 0.0, "restart", (60.0, 0.0)),
        ("cancelled", -1, 0.0, "restart", (0.0, 0.0)),
        ("cancelled", -1, 0.0, "resume", (0.0, 0.0)),
        ("failed", 0, 0.0, "restart", (0.0, 0.0)),
        ("failed", 0, 5.0, "resume", (60.0, 0.0)),
        ("free", -1, 0.0, "restart", (0.0, 0.0)),
    ],
)
def test_what_a_ticket_repeats(status, worker, cost_s, accounting, expected):
    assert repeated_s(status, worker, cost_s, 60.0, accounting) == expected

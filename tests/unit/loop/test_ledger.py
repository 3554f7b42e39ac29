"""The ledger by hand: an epoch costs 10 s, a validation 1 s."""

import pytest

from pmfnas.core.types import Drop, Train, Wait
from pmfnas.loop.ledger import repeated_s, totals
from tests.support.fakes import A, B, Scripted, play, submit

HALF = Train(A, "12", 0, 6)  # 60 s and a pass
REST = Train(A, "12", 6, 12)
BESIDE = Train(B, "12", 0, 3)  # 30 s and a pass
WORKERS = 2


def hours(accounting, *decisions):
    """Return the totals, in seconds, of a script that runs on two workers."""
    run = play(Scripted(decisions), n_workers=WORKERS, accounting=accounting)
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


@pytest.mark.parametrize(
    ("status", "worker", "cost_s", "accounting", "expected"),
    [
        ("ok", 0, 61.0, "restart", (60.0, 0.0)),
        ("ok", 0, 61.0, "resume", (60.0, 0.0)),
        ("cancelled", 0, 75.0, "restart", (0.0, 60.0)),
        ("cut", 0, 31.0, "restart", (0.0, 31.0)),
        ("cut", 0, 31.0, "resume", (60.0, 0.0)),
        ("cancelled", -1, 0.0, "restart", (0.0, 0.0)),
        ("cancelled", -1, 0.0, "resume", (0.0, 0.0)),
        ("failed", 0, 0.0, "restart", (0.0, 0.0)),
        ("failed", 0, 5.0, "resume", (60.0, 0.0)),
        ("free", -1, 0.0, "restart", (0.0, 0.0)),
    ],
)
def test_what_a_ticket_repeats(status, worker, cost_s, accounting, expected):
    assert repeated_s(status, worker, cost_s, 60.0, accounting) == expected

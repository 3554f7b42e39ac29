"""The trials that a run may see, on data whose runs are scored by the other trials.

On data without test accuracy a run is scored by final validation in trials that it could not see. Under the longest
schedule it may see one trial of each arch: the first one of the permutation that its seed gives the arch
(`pmfnas.core.rng.trial_keys`). The other one or two trials are held out. Showing two of three trials would leave one
trial for the score, with twice the variance of a mean of two, and would reveal how many trials an arch has. Trials of
the other schedules are other trainings, and a run may see all of them.
"""

from pmfnas.benchmarks.header import HELD_OUT, Header
from pmfnas.loop.executor import Visible, all_visible

N_SEEN = 1


def visible_trials(header: Header) -> Visible:
    """Return the rule that says how many trials a run on a table may see."""
    if header.score != HELD_OUT:
        return all_visible
    longest = longest_schedule(header)

    def visible(schedule: str, n_trials: int) -> int:
        return min(N_SEEN, n_trials) if schedule == longest else n_trials

    return visible


def longest_schedule(header: Header) -> str:
    """Return the schedule at whose end an arch is judged."""
    return max(header.schedules, key=lambda name: header.schedules[name])

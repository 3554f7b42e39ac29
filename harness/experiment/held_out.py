"""Which trials a run may see on data whose runs are scored by the other trials.

On data without test accuracy a run is scored by final validation in trials that it could not see. Of the trials of an
arch under the longest schedule it may see one: the first of the permutation that its seed gives the arch
(`pmfnas.core.rng.trial_keys`). All others are held out, be it one or two. To show two of three would leave a score of
one trial, with twice the variance of the mean of two, and would let the number of trials of an arch be asked for.
Trials of the other schedules are other trainings and may all be seen.
"""

from pmfnas.benchmarks.header import HELD_OUT, Header
from pmfnas.loop.executor import Visible, all_visible

N_SEEN = 1


def visible_trials(header: Header) -> Visible:
    """Return the rule of a table."""
    if header.score != HELD_OUT:
        return all_visible
    longest = longest_schedule(header)

    def visible(schedule: str, n_trials: int) -> int:
        return min(N_SEEN, n_trials) if schedule == longest else n_trials

    return visible


def longest_schedule(header: Header) -> str:
    """Return the schedule at whose end an arch is judged."""
    return max(header.schedules, key=lambda name: header.schedules[name])

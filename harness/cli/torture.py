"""The work of `torture`: run the tests of trust that are asked for, and print goals and measured values."""

import argparse
from pathlib import Path

from harness.cli.options.torture import SECONDS, SMOKE_SECONDS
from harness.experiment.folder import check_free
from harness.torture.goals import OUTPUTS, table, write_outputs
from harness.torture.run import Wanted, tortured


def run(options: argparse.Namespace) -> int:
    """Print the table; return 1 if a goal is not reached."""
    out = options.out or Path("results") / ("torture-smoke" if options.smoke else "torture")
    check_free(out, OUTPUTS)
    seconds = options.seconds or (SMOKE_SECONDS if options.smoke else SECONDS)
    goals = tortured(Wanted(options.only, seconds, options.seed, smoke=options.smoke))
    write_outputs(out, goals, seed=options.seed, seconds=seconds, smoke=options.smoke)
    print(table(goals), end="")
    return int(any(goal.holds is False for goal in goals))

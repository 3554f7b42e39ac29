"""The work of `torture`: run the tests of trust that are asked for, and print goals and measured values."""

import argparse
from pathlib import Path

from harness.cli.options.torture import SECONDS, SMOKE_SECONDS
from harness.experiment.folder import check_free
from harness.torture.goals import (
    FILE,
    KINDS,
    OUTPUTS,
    PAGE,
    REFERENCE,
    page,
    read,
    run_of,
    table,
    update_reference,
    used,
    write_outputs,
)
from harness.torture.run import Wanted, tortured
from pmfnas.core.errors import InputError
from pmfnas.files import write_text


def run(options: argparse.Namespace) -> int:
    """Print the table; return 1 if a goal is not reached."""
    if options.write_page:
        write_text(PAGE, page(REFERENCE))
        print(f"written: {PAGE}")
        return 0
    out = options.out or Path("results") / ("torture-smoke" if options.smoke else "torture")
    check_free(out, OUTPUTS)
    known = {goal.kind for goal in read(out)[1]} if (out / FILE).exists() else set[str]()
    if options.update_reference and (options.smoke or known.union(options.only) != set(KINDS)):
        raise InputError("--update-reference needs the goals of all kinds; leave --smoke and --only out")
    seconds = options.seconds or (SMOKE_SECONDS if options.smoke else SECONDS)
    since = used()
    goals = tortured(Wanted(options.only, seconds, options.seed, smoke=options.smoke))
    measured = run_of(options.only, since, seed=options.seed, limit_s=seconds, smoke=options.smoke)
    print(table(write_outputs(out, measured, goals)), end="")
    if options.update_reference:
        update_reference(out)
    return int(any(goal.holds is False for goal in goals))

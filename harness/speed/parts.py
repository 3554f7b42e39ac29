"""The parts of the measurement. Each runs in a fresh process with one thread of linear algebra and a time limit.

A part is a function `(Plan) -> list[Figure]` in a module of this package. One that fails, or takes too long, gives
figures without a value that say why, and the others go on.
"""

import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.host.code import ROOT
from harness.speed.figure import Figure
from pmfnas.core.errors import DataError
from pmfnas.processes import THREAD_VARIABLES

ONE_THREAD = MappingProxyType(dict.fromkeys(THREAD_VARIABLES, "1"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: the data and the extent."""

    table: str
    """Folder of a whole curve table."""
    work: str
    """Folder for files that are thrown away."""
    smoke: bool = False
    """Tiny extents: to see that everything runs."""
    until: float = math.inf
    """End of the measurement, or of the part, by the monotonic clock; a part that does not end before it is absent."""

    @property
    def left_s(self) -> float:
        """Seconds of the clock until the end."""
        return self.until - time.monotonic()

    def pick(self, whole: Any, tiny: Any) -> Any:
        """Return the extent to use."""
        return tiny if self.smoke else whole


def run_part(name: str, plan: Plan, *arguments: str) -> list[Figure]:
    """Return the figures of `module.function`, measured in a fresh process."""
    done = in_process(name, plan, *arguments)
    if isinstance(done, str):
        where = " ".join((name.partition(".")[2], *arguments))
        return [Figure(name.partition(".")[0], where, None, "", note=done)]
    return [Figure(**figure) for figure in done]


def in_process(name: str, plan: Plan, *arguments: str) -> Any:
    """Return what the function `module.function` of this package returns, as JSON; a text says why it failed."""
    left_s = plan.left_s
    if left_s <= 0:
        return "the time for the whole measurement was over"
    words = [sys.executable, "-m", __name__, name, json.dumps(asdict(plan)), *arguments]
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            words,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": paths},
            capture_output=True,
            check=False,
            text=True,
            timeout=left_s if math.isfinite(left_s) else None,
        )
    except subprocess.TimeoutExpired:
        return f"took more than {left_s:.0f} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]
    return json.loads(done.stdout.splitlines()[-1])


def checked(answer: Any) -> Any:
    """Return what `in_process` returned; raise `DataError` if it says why it failed."""
    if isinstance(answer, str):
        raise DataError(answer)
    return answer


def memory_mb() -> float:
    """Return the largest resident memory of this process so far, in MB.

    Linux counts the memory of the process that started this one in `ru_maxrss`, so its own figure is read there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) / 1e3  # kB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _main(arguments: Sequence[str]) -> None:
    name, plan, *rest = arguments
    module, _, function = name.partition(".")
    found = getattr(import_module(f"harness.speed.{module}"), function)(Plan(**json.loads(plan)), *rest)
    plain: list[Mapping[str, Any]] | Any = (
        [asdict(each) for each in found] if isinstance(found, list) and isinstance(found[0], Figure) else found
    )
    print(json.dumps(plain))


if __name__ == "__main__":
    _main(sys.argv[1:])

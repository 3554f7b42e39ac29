"""`python -m harness`: checks that the packages are installed and belong to this checkout, then starts the CLI."""

from __future__ import annotations  # an old Python must reach the line that refuses it

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _foreign() -> str | None:
    """Return the fault if `baselines` or `pmfnas` is not of this checkout (both names exist on the index), or None."""
    for name in ("baselines", "pmfnas"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve().parents[1] if spec and spec.origin else None
        if found != ROOT:
            return f"package {name} is found in {found or 'no place'}, but must be the one in {ROOT}: run from there"
    return None


def _refused(why: str) -> int:
    print(f"error: {why}", file=sys.stderr)
    return 2


def _main() -> int:
    """Return the exit code; it is 2 if the command line cannot start."""
    if Path(sys.path[0]).resolve() == ROOT / "harness":  # started as a folder: our modules must not be top-level names
        sys.path[0] = str(ROOT)
    from harness.host.missing import missing

    if sys.version_info < (3, 11):  # noqa: UP036  # started by hand, any Python may run this
        return _refused(f"this is Python {sys.version.split()[0]}, but must be 3.11 or later; {missing('pmfnas')}")
    # Small matrices: one thread of linear algebra is fastest, and processes share the cores. Before numpy is loaded.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    wrong = _foreign()
    if wrong:
        return _refused(wrong)
    from harness.cli.main import entry

    return entry()


if __name__ == "__main__":
    sys.exit(_main())

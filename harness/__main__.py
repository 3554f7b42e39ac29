"""`python -m harness`: checks that the packages are there and those of this checkout, then hands over to the CLI."""

from __future__ import annotations  # an old Python must get as far as the line that refuses it

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _foreign() -> str | None:
    """Return what is wrong where `baselines` or `pmfnas` would come from elsewhere (both names exist on the index)."""
    for name in ("baselines", "pmfnas"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve().parents[1] if spec and spec.origin else None
        if found != ROOT:
            return f"package {name} is found in {found or 'no place'}, but must be the one in {ROOT}: run from there"
    return None


def _missing(name: str | None) -> str:
    """Return what to do where a package lacks."""
    front = shlex.quote(str(ROOT / "reproduce.sh"))
    return (
        f"package {name} is not installed for {sys.executable}; start with {front} VERB, which makes an environment, "
        f"or use the Python of yours: {shlex.quote(str(ROOT / '.venv' / 'bin' / 'python'))} -m harness VERB"
    )


def _refused(why: str) -> int:
    print(f"error: {why}", file=sys.stderr)
    return 2


def _main() -> int:
    """Return the exit code: 2 also where the command line cannot start."""
    if sys.version_info < (3, 11):  # noqa: UP036  # started by hand, any Python may run this
        return _refused(f"this is Python {sys.version.split()[0]}, but must be 3.11 or later; {_missing('pmfnas')}")
    if Path(sys.path[0]).resolve() == ROOT / "harness":  # started as a folder: our modules are no top-level names
        sys.path[0] = str(ROOT)
    # Small matrices: one thread of linear algebra is fastest, and processes share the cores. Before numpy is loaded.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    wrong = _foreign()
    if wrong:
        return _refused(wrong)
    try:
        from harness.cli.main import entry
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("harness", "baselines", "pmfnas"):
            raise
        return _refused(_missing(error.name))
    return entry()


if __name__ == "__main__":
    sys.exit(_main())

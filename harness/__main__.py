"""`python -m harness`: checks that the packages are those of this checkout, then hands over to the CLI."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def _foreign() -> str | None:
    """Return what is wrong where `baselines` or `pmfnas` would come from elsewhere (both names exist on the index)."""
    root = Path(__file__).resolve().parents[1]
    for name in ("baselines", "pmfnas"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve().parents[1] if spec and spec.origin else None
        if found != root:
            return f"package {name} is found in {found or 'no place'}, but must be the one in {root}: run from there"
    return None


if __name__ == "__main__":
    # Small matrices: one thread of linear algebra is fastest, and processes share the cores. Before numpy is loaded.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    wrong = _foreign()
    if wrong:
        sys.exit(f"error: {wrong}")
    from harness.cli import main

    sys.exit(main(sys.argv[1:]))

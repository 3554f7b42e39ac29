"""The tutorial on a problem of one's own runs as it is written, from the wheel alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT, read

pytest.importorskip("hatchling", reason="building the wheel needs hatchling")

PAGE = ROOT / "docs" / "tutorials" / "own-problem.md"
REPORT = """
import json, sys
print(json.dumps({
    "from": pmfnas.__file__,
    "best": result.best.value,
    "schedule": result.best.schedule,
    "clock_s": result.header.clock_s,
    "workers": sorted(set(result.to_pandas()["worker"].tolist()) - {-1}),  # -1: no worker was needed
    "loaded": sorted({name.split(".")[0] for name in sys.modules}),
}))
"""
RUN = "import sys, runpy; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"


def ran(program: str, wheel: Path, folder: Path) -> tuple[dict, str]:
    """Run a program with the wheel in front of all else; return what `REPORT` says, and what it printed before."""
    (folder / "mine.py").write_text(program + REPORT)
    command = [sys.executable, "-I", "-c", RUN, str(wheel), "mine.py"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    printed, _, last = run.stdout.rstrip().rpartition("\n")
    return json.loads(last), printed


def test_the_programs_run_as_they_are_written_from_the_wheel_alone(wheel, tmp_path):
    first, second, on_ray, metrics, later, problem = [
        block.text for block in read(PAGE).blocks if block.language == "python"
    ]
    found, printed = ran(first, wheel, tmp_path)
    assert found["from"].startswith(f"{wheel}/")
    assert not {"harness", "baselines", "torch", "sklearn"} & set(found["loaded"])
    assert found["clock_s"] <= 10.0
    assert found["best"] > 0.8
    assert "width=" in printed
    assert ": valid_acc 0." in printed
    setup = first[: first.index("space = ")]
    found, printed = ran(setup + second, wheel, tmp_path)
    assert found["best"] > 0.8
    assert found["workers"] == [0, 1]
    assert found["clock_s"] <= 15.0
    assert (tmp_path / "results" / "faster.png").stat().st_size > 10_000
    assert "incumbent" not in printed
    found, _ = ran(
        f"{setup}{first[first.index('space = ') : first.index('result = ')]}{later}{problem}", wheel, tmp_path
    )
    assert found["best"] > 0.8
    assert "archs of mine" in (tmp_path / "results" / "more" / "spec.json").read_text()
    exec(metrics, {})
    exec(on_ray, {})

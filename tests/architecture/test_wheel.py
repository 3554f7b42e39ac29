"""The wheel: what it holds, and that an installed one runs a search without the checkout."""

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="building the wheel needs hatchling")

ROOT = Path(__file__).parents[2]

RUN = """
import sys

sys.path.insert(0, sys.argv[1])

import json

import pmfnas
from pmfnas.core.rng import stream
from pmfnas.engine.searcher import PmfNas
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.ledger import totals
from pmfnas.loop.runner import Setting, make_searcher, search
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import SyntheticBenchmark

benchmark = SyntheticBenchmark(GridSpace((4, 4, 4)))
setting = Setting(benchmark.space, benchmark.fidelities, budget_s=3_600.0, n_workers=2)
searcher = make_searcher(PmfNas, setting, rng=stream(0, "searcher"))
executor = SimulatedExecutor(benchmark, paired_trials(benchmark, seed=0), n_workers=2, accounting="resume")
finished = search(searcher, executor, setting)
cost = totals(finished.entries, clock_s=finished.clock_s, n_workers=2, accounting="resume")
print(
    json.dumps(
        {
            "from": pmfnas.__file__,
            "status": finished.status,
            "clock_s": finished.clock_s,
            "recommended": finished.recommended[0],
            "trained": sorted({e.ticket.request.arch for e in finished.entries if e.status == "ok"}),
            "resume": cost.gpu_hours_resume,
            "busy": cost.busy_hours,
            "entries_s": sum(e.cost.total_s for e in finished.entries),
            "evaluations": cost.evaluations,
            "loaded": sorted({name.split(".")[0] for name in sys.modules}),
        }
    )
)
"""


def test_it_holds_pmfnas_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"pmfnas", wheel.name.split("-py3")[0] + ".dist-info"}
    assert any(name.endswith("model.npz") for name in names), "the surrogate must be shipped"
    assert sum(zipfile.ZipFile(wheel).getinfo(name).file_size for name in names if name.endswith(".npz")) <= 2_000_000


def test_it_fits_no_model_and_needs_torch_for_real_training_alone(wheel):
    archive = zipfile.ZipFile(wheel)
    sources = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
    defined = {
        node.name
        for text in sources.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    }
    assert "read_model" in defined
    assert not defined & {"fit_surrogate", "fit_size_surrogate", "fit_real_finals"}, "fits belong to harness/fit"
    with_torch = {name for name, text in sources.items() if "import torch" in text}
    assert {name.split("/")[1] for name in with_torch} == {"training"}


def test_an_installed_one_runs_a_search_without_the_checkout(wheel, tmp_path):
    program = tmp_path / "search.py"
    program.write_text(RUN)
    command = [sys.executable, "-I", str(program), str(wheel)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["from"].startswith(f"{wheel}/"), "another pmfnas was imported"
    assert found["status"] == "ok"
    assert 0.8 * 3_600.0 < found["clock_s"] <= 3_600.0
    assert found["recommended"] in found["trained"]
    assert found["resume"] * 3600 == pytest.approx(2 * found["clock_s"])  # two workers
    assert 0.8 * found["resume"] < found["busy"] <= found["resume"]
    assert found["busy"] * 3600 == pytest.approx(found["entries_s"])
    assert found["evaluations"] >= len(found["trained"]) > 5
    assert not {"pandas", "pyarrow", "torch", "baselines", "harness"} & set(found["loaded"])

"""What the layout promises: one distribution, packages from this checkout, no test accuracy within reach."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("pmfnas", "baselines", "harness")


def sources(*packages):
    return [file for package in packages for file in sorted((ROOT / package).rglob("*.py"))]


def imported(file):
    tree = ast.parse(file.read_text())
    names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    return names + [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]


def test_importing_pmfnas_needs_numpy_at_most():
    code = (
        "import sys, pmfnas.core.ports, pmfnas.spaces, pmfnas.loop.record, pmfnas.loop.replay, pmfnas.testing.driver; "
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "numpy" in loaded.split()
    assert not {"pandas", "scipy", "torch", "nats_bench", "matplotlib", "pyarrow"} & set(loaded.split())


def test_the_harness_runs_without_torch():
    code = "import sys, harness.cli.main; assert 'torch' not in sys.modules and 'nats_bench' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def named(file):
    """Return names, attributes and imported names of a file."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    return names | {n.name for n in nodes if isinstance(n, ast.alias)}


def calls_of(file, method):
    calls = [n.func for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call)]
    return [f for f in calls if isinstance(f, ast.Attribute) and f.attr == method]


def files_of(package, holds):
    return {f.relative_to(ROOT / package).as_posix() for f in sources(package) if holds(f)}


def test_test_accuracy_is_read_in_the_three_places_that_the_harness_names():
    read = files_of("harness", lambda f: {"test_metric", "TESTS"} & named(f))
    fits = {"fit/real_finals_report.py", "fit/size_surrogate.py", "fit/surrogate.py"}
    assert read == {"score/oracle.py", *fits}
    assert files_of("harness", lambda f: calls_of(f, "test")) == {"search/final_test.py"}
    said = " ".join(ast.get_docstring(ast.parse((ROOT / "harness/__init__.py").read_text())).split())
    for place in ("`score/oracle.py`", "`predictors/material.py`", "`search/final_test.py`", "`fit`"):
        assert place in said


def test_the_oracle_is_asked_for_finished_runs_and_for_the_judgement_of_predictions_alone():
    asks = files_of("harness", lambda f: "harness.score.oracle" in imported(f))
    judged = {"predictors/material.py", "predictors/gate/inrun/figures.py", "predictors/gate/inrun/measuring.py"}
    assert asks == {*judged, "score/ceiling.py", "score/scoring.py"}
    opens = files_of("harness", lambda f: "harness.search.final_test" in imported(f))
    assert opens == {"search/result.py", "search/retrain.py", "search/run.py"}


def test_searchers_and_predictors_name_no_test_accuracy():
    for file in sources("baselines", "pmfnas/engine", "pmfnas/predictor"):
        assert not {"test_metric", "TESTS"} & named(file), file


def test_searchers_read_no_files_and_no_clock():
    for file in sources("baselines", "pmfnas/engine"):
        if file.parent.name == "peers":  # searchers of their own processes, which nothing here imports
            continue
        found = {name.split(".")[0] for name in imported(file)} & {"time", "pathlib", "os", "io", "open", "pickle"}
        assert not found, f"{file} imports {found}"


def test_no_file_is_too_long_and_none_is_called_utils():
    for file in sources(*PACKAGES):
        assert len(file.read_text().splitlines()) <= 400, file
        assert file.stem not in {"utils", "util", "common", "helpers", "misc"}, file


def test_no_module_is_named_like_one_of_the_standard_library():
    tops = {file.stem for file in ROOT.glob("*.py")} | set(PACKAGES)
    assert not tops & set(sys.stdlib_module_names)


def test_no_inheritance_but_protocols_enums_and_errors():
    allowed = {
        "Protocol",
        "Generic",
        "Exception",
        "PmfnasError",
        "InputError",
        "NamedTuple",
        "StrEnum",
        "Enum",
        "Unpickler",
    }
    allowed |= {"Module"}  # torch's layers are made so
    allowed |= {"Struct", "_Said"}  # msgspec's messages are made so
    allowed |= {"ArgumentParser", "RawIOBase"}  # the one way to change how they fail
    for file in sources(*PACKAGES):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).split(".")[-1].split("[")[0] for base in node.bases}
                assert bases <= allowed, f"{file}: class {node.name} inherits {bases - allowed}"


def test_the_packages_come_from_this_checkout():
    run = subprocess.run(
        [sys.executable, "-m", "harness", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("pmfnas ")


def test_foreign_packages_are_refused(tmp_path):
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "__init__.py").write_text("")
    paths = [str(tmp_path), str(ROOT)]
    code = f"import runpy, sys; sys.path[:0] = {paths!r}; runpy.run_module('harness', run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "package baselines is found in" in run.stderr


def test_no_folder_holds_more_than_twenty_files():
    folders = [file.parent for file in sources(*PACKAGES, "tests")]
    crowded = {str(folder.relative_to(ROOT)) for folder in folders if folders.count(folder) > 20}
    assert not crowded

"""Help of every verb: made without the packages that the work needs, with examples that the verb takes."""

import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from harness.cli.main import VERBS, main, parsed
from harness.cli.options import names
from harness.compare.studies import FIRST_SEED, STUDIES
from harness.experiment import data, specs
from harness.players.ours import PLAYERS, REFERENCE
from harness.players.packages import OWN, PACKAGES
from harness.players.process import Limits
from harness.predictors import candidates
from harness.predictors.gate.asking import PARTS
from pmfnas.core.errors import InputError

ROOT = Path(__file__).parents[4]
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "matplotlib",
    "pyarrow",
    "torch",
    "joblib",
    "jinja2",
    "nats_bench",
    "sklearn",
    "PIL",
)
LOADED = """
import contextlib, io, sys
from harness.cli.main import VERBS, main
helped = []
for words in ([], *([name] for name in VERBS)):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            main([*words, "--help"])
        except SystemExit:
            helped.append(printed.getvalue().startswith("usage: "))
print(len(helped), all(helped), *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def helped(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_help_of_every_verb_loads_no_package():
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    n_helped, are_whole, *loaded = done.stdout.split()
    assert (int(n_helped), are_whole) == (len(VERBS) + 1, "True")
    assert not set(HEAVY) & set(loaded)


def test_help_needs_no_installed_package(tmp_path):
    command = [sys.executable, "-I", "-S", ROOT / "harness", "compare", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "--against A,B" in done.stdout


def test_a_mistake_in_an_option_is_refused_before_a_package_is_loaded():
    code = (
        "import sys; from harness.cli.main import main; print(main(['table2', '--seeds', '0']), 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]
    assert done.stderr == "error: --seeds is '0', but must be a whole number of at least 1\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_work_and_teaches_by_examples_that_it_takes(verb, capsys, monkeypatch):
    monkeypatch.setenv("PMFNAS_FRONT", "./front.sh")
    text = helped(capsys, verb)
    assert text.startswith(f"usage: ./front.sh {verb} ")
    examples = [line for line in text.partition("\nexamples:\n")[2].splitlines() if line.startswith("  ./front.sh ")]
    assert len(examples) >= 2
    assert any(line.startswith(f"  ./front.sh {verb}") for line in examples)
    for line in examples:
        options = parsed(shlex.split(line.strip().split("  ")[0].split(" > ")[0])[1:])
        assert (ROOT / "harness" / "cli" / f"{VERBS[options.verb].module}.py").is_file()


def test_the_overview_names_every_verb_and_every_exit_code(capsys):
    text = helped(capsys)
    assert all(f"\n    {name} " in text or f"\n    {name}\n" in text for name in VERBS)
    assert [code for code in ("0", "1", "2", "70") if f"\n  {code} " not in text] == []
    with pytest.raises(SystemExit):
        main(["help"])
    assert capsys.readouterr().out == text
    with pytest.raises(SystemExit):
        main(["help", "table"])
    assert "again from its records" in capsys.readouterr().out


def test_without_a_verb_the_overview_is_shown(capsys):
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("usage: ")
    assert captured.err == "error: VERB is missing\n"


def test_the_nearest_verb_is_named(capsys):
    assert main(["tabel2"]) == 2
    assert capsys.readouterr().err.startswith("error: verb is 'tabel2' (did you mean 'table2'?), but ")


def test_light_names_are_those_of_the_registries():
    assert names.DATASETS == specs.ALL_DATASETS
    assert tuple(source.name for source in data.SOURCES) == names.SOURCES
    assert (data.TOPOLOGY, data.SIZE) == names.SPACES
    assert (*PLAYERS,) == names.SEARCHERS
    assert (REFERENCE, candidates.REFERENCE) == (names.REFERENCE, names.REFERENCE_PREDICTOR)
    assert PARTS == names.GATE_PARTS
    assert (*OWN, *PACKAGES) == names.PACKAGES
    assert tuple(name for name, package in PACKAGES.items() if package.slow) == names.SLOW_PACKAGES
    assert (*candidates.CANDIDATES,) == names.PREDICTORS
    assert sorted(specs.EXPERIMENTS) == sorted(names.EXPERIMENTS)
    assert list(STUDIES) == list(names.STUDIES)
    assert names.FIRST_STUDY_SEED == FIRST_SEED
    assert Limits(names.START_LIMIT_S, names.ANSWER_LIMIT_S) == Limits()


def test_help_of_compare_says_how_long_a_command_may_take(capsys):
    text = " ".join(helped(capsys, "compare").split())
    assert f"time to start (default {Limits().start_s:g}s)" in text
    assert f"time for each answer (default {Limits().answer_s:g}s)" in text


def test_options_are_fields_of_what_they_change():
    given = vars(parsed(["table2", "--seeds", "3", "--first-seed", "4", "--budget", "2h", "--workers", "5"]))
    assert {name: given[name] for name in ("n_seeds", "first_seed", "budget_s", "n_workers")} == {
        **{"n_seeds": 3, "first_seed": 4, "budget_s": 7200.0, "n_workers": 5}
    }
    assert {"n_seeds", "first_seed", "budget_s", "n_workers"} <= {field.name for field in fields(specs.Experiment)}
    assert not hasattr(parsed(["table2"]), "n_seeds")
    assert not hasattr(parsed(["compare"]), "budget_s")  # its default depends on the data


def test_data_sets_count_once_and_unknown_ones_are_refused():
    assert parsed(["table2", "--datasets", "cifar100, cifar10,cifar100"]).datasets == ("cifar100", "cifar10")
    with pytest.raises(InputError, match="data set is 'mnist', but must be one of: cifar10"):
        parsed(["table2", "--datasets", "mnist"])


def test_a_shell_without_the_package_for_completion_is_told_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert "error: shtab is not installed; install the extra" in capsys.readouterr().err


def test_completion_knows_verbs_and_options(capsys):
    pytest.importorskip("shtab")
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert "reproduce.sh" in script
    assert " --against " in script
    assert " search-compare " in script

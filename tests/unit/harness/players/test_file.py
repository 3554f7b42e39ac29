"""Searchers from the command line: what is refused and why, and that a changed file is another searcher."""

import pickle
import shlex
import sys

import pytest

from harness.players.class_file import check_unchanged, source_of
from harness.players.file import (
    from_command,
    from_file,
    guests,
    identity,
    settings_of_run,
    try_out,
)
from harness.players.process import Limits
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.loop.runner import Setting
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import SyntheticBenchmark

BENCHMARK = SyntheticBenchmark(GridSpace())
SETTING = Setting(BENCHMARK.space, BENCHMARK.fidelities, 100.0)
GOOD = """
import dataclasses
from pmfnas.core.types import Stop

@dataclasses.dataclass
class Note:
    text: str

class Mine:
    def __init__(self, space, fidelities, budget_s, n_workers, *, rng, patience=3):
        self.note = Note(__name__)
    def ask(self, running, remaining_s):
        return Stop("nothing to do")
    def tell(self, ticket, outcome):
        pass
    def recommend(self):
        return []
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


def made(factory):
    benchmark = SyntheticBenchmark(GridSpace())
    return factory(benchmark.space, benchmark.fidelities, 100.0, 1, rng=stream(0, "test"))


def test_a_class_is_named_and_made_and_travels(mine):
    name, factory = from_file(f"{mine}:Mine")
    assert name == "Mine"
    assert made(factory).note.text.startswith("searcher_")
    again = pickle.loads(pickle.dumps(factory))
    assert again == factory
    assert type(made(again)) is type(made(factory))
    assert settings_of_run(factory, None) == {"patience": 3, "source": identity(factory), "runs": "in process"}


def test_a_name_of_ones_own(mine):
    assert from_file(f"better={mine}:Mine")[0] == "better"
    name, command = from_command(f"better={sys.executable} -c pass", Limits())
    assert (name, command.words) == ("better", (sys.executable, "-c", "pass"))


def test_a_command_is_named_after_its_script(mine):
    assert from_command(f"{sys.executable} {mine} --fast", Limits())[0] == "mine"
    assert from_command(f"{sys.executable} -c pass", Limits())[0].startswith("python")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine.py", "must look like my_search.py:MySearcher"),
        ("mine.py:", "must look like my_search.py:MySearcher"),
        ("no_such.py:Mine", "is no Python file"),
        (":Mine", "must look like"),
        ("mine.txt:Mine", "is no Python file"),
    ],
)
def test_a_location_that_leads_nowhere(monkeypatch, mine, text, message):
    monkeypatch.chdir(mine.parent)
    with pytest.raises(InputError, match=message):
        from_file(text)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Mine(:\n    pass\n", r"mine.py does not import: SyntaxError"),
        ("x = 1\nimport no_such_module\n", r"ModuleNotFoundError: No module named 'no_such_module' \(line 2\)"),
        ("raise SystemExit(3)\n", "does not import: SystemExit: 3"),
        ("\0", "does not import"),
        ("x = 1\n", "has no class Mine; no class of it has ask, tell and recommend"),
        (GOOD.replace("Mine", "Other"), "has no class Mine; it has: Other"),
        (GOOD.replace("def tell", "def told"), "Mine in mine.py lacks tell"),
        (GOOD.replace("*, rng, ", "*, seed, "), r"its constructor must take \(space, fidelities, budget_s, n_workers"),
        ("Mine = 3\n", "has no class Mine"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, source, message):
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(InputError, match=message) as refused:
        from_file(f"{path}:Mine")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no-such-program my_search.jl", "no program 'no-such-program' is found"),
        ("python 'open", "close its quotes"),
        ("", "no program '' is found"),
        ("mine=no-such-program x", "no program 'no-such-program' is found"),
    ],
)
def test_a_command_that_cannot_be_used(text, message):
    with pytest.raises(InputError, match=message):
        from_command(text, Limits())


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("sh -c x", "sh", ("sh", "-c", "x")),
        ("mine=sh -c x", "mine", ("sh", "-c", "x")),
        ("VAR=x sh -c x", "sh", ("env", "VAR=x", "sh", "-c", "x")),
        ("mine=VAR=x W='a b' sh", "mine", ("env", "VAR=x", "W=a b", "sh")),
        ("VAR=~/data sh ~/run", "sh", ("env", "VAR=HOME/data", "sh", "HOME/run")),
        ("sh a=b", "sh", ("sh", "a=b")),
    ],
)
def test_a_command_sets_variables_and_knows_the_home_folder(monkeypatch, tmp_path, text, name, words):
    monkeypatch.setenv("HOME", str(tmp_path))
    found, command = from_command(text, Limits())
    assert (found, command.words) == (name, tuple(word.replace("HOME", str(tmp_path)) for word in words))


def test_a_variable_of_a_command_reaches_the_program(tmp_path):
    script = tmp_path / "say.sh"
    script.write_text('read x; echo "{\\"type\\": \\"error\\", \\"message\\": \\"$VAR\\"}"\n')
    _, command = from_command(f"VAR='a word' sh {script}", Limits())
    with pytest.raises(InputError, match="does not start: to hello: gave up: a word"):
        try_out("say", command, SETTING, rng=stream(0, "try"))


@pytest.mark.parametrize(
    ("shebang", "line", "is_refused"),
    [
        ("#!/bin/sh\r\n", "{script}", True),
        ("#!/bin/sh\n", "{script}", False),
        ("read x\r\n", "sh {script}", True),
        ("import sys\r\n", "env python3 {script}", False),
    ],
)
def test_a_script_with_windows_line_ends_is_refused_where_it_cannot_run(tmp_path, shebang, line, is_refused):
    script = tmp_path / "my search"
    script.write_bytes(shebang.encode() + b"x\n")
    script.chmod(0o755)
    text = line.format(script=shlex.quote(str(script)))
    if not is_refused:
        assert from_command(text, Limits())[1].words[-1] == str(script)
        return
    with pytest.raises(InputError, match=r"end with CRLF.*sed -i"):
        from_command(text, Limits())


def test_a_program_that_may_not_be_started_is_told_apart(tmp_path):
    (tmp_path / "plain").write_text("x")
    with pytest.raises(InputError, match="is not executable; say chmod"):
        from_command(str(tmp_path / "plain"), Limits())
    with pytest.raises(InputError, match="is a folder"):
        from_command(str(tmp_path), Limits())
    with pytest.raises(InputError, match=r"no program .* is found"):
        from_command("x" * 5000, Limits())


def test_without_a_home_folder_the_tilde_is_refused(monkeypatch):
    def none(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.expanduser", none)
    with pytest.raises(InputError, match="there is none; set HOME"):
        from_file("~/mine.py:Mine")


def test_two_of_one_name_are_refused(mine):
    with pytest.raises(InputError, match="two searchers are called 'Mine'; put another NAME="):
        guests([f"{mine}:Mine", f"{mine}:Mine"], [], Limits(), taken=())
    with pytest.raises(InputError, match="two searchers are called 'asha'"):
        guests([f"asha={mine}:Mine"], [], Limits(), taken=("asha",))
    assert list(guests([f"{mine}:Mine", f"b={mine}:Mine"], [], Limits(), taken=())) == ["Mine", "b"]


# --------------------------------------------------------------------------------------------------- identity


def test_a_changed_file_is_another_searcher(mine):
    _, before = from_file(f"{mine}:Mine")
    check_unchanged(before)
    mine.write_text(GOOD.replace("patience=3", "patience=4"))
    with pytest.raises(InputError, match="was changed while its runs were made"):
        check_unchanged(before)
    _, after = from_file(f"{mine}:Mine")
    assert identity(before) != identity(after)
    assert settings_of_run(after, None)["patience"] == 4


def test_what_a_file_imports_of_its_folder_belongs_to_it(mine):
    folder = mine.parent
    (folder / "steps").mkdir()
    (folder / "steps" / "__init__.py").write_text("")
    (folder / "steps" / "small.py").write_text("from moves_of_mine import jump\n")
    (folder / "moves_of_mine.py").write_text("jump = 1\n")
    (folder / "unrelated.py").write_text("x = 1\n")
    mine.write_text("from steps import small\nimport numpy\n" + GOOD)
    first = source_of([mine])
    from_file(f"{mine}:Mine")
    (folder / "unrelated.py").write_text("x = 2\n")
    assert source_of([mine]) == first
    (folder / "moves_of_mine.py").write_text("jump = 2\n")
    assert source_of([mine]) != first


def test_a_command_is_known_by_its_words_and_files_without_folders(mine):
    _, command = from_command(f"{sys.executable} {mine} --fast", Limits())
    first = identity(command)
    assert first.startswith("python")
    assert "mine.py --fast " in first
    assert str(mine.parent) not in first
    mine.write_text("another\n")
    assert identity(command) != first

"""The fast forms of the tests of trust, and what the verb makes of faults: they are found, counted and marked."""

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.cli.main import main
from harness.cli.options.names import KINDS_OF_TORTURE
from harness.experiment.checksums import CHECKSUMS, list_checksums, verify_references, verify_results
from harness.experiment.folder import REFERENCE_DIR
from harness.torture import files, goals, names, run, samples, supply
from harness.torture.children import Place, Trial, harness, killed_after, left_of
from harness.torture.determinism import Setting, absent
from harness.torture.fuzz import READERS, fuzz
from harness.torture.goals import Goal, judged, table, unchecked
from harness.torture.mutations import Draws, changed
from harness.torture.readers import Reader, reader
from harness.torture.whole import held_locks, left_over, unreadable
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.rng import stream
from pmfnas.processes import alone

ROOT = Path(__file__).parents[4]


@pytest.fixture
def place(surrogate_table, tmp_path) -> Place:
    return Place(tmp_path, surrogate_table.path.parent)


# ------------------------------------------------------------------------------------------------- the table


def test_a_goal_is_reached_by_enough_tries_without_a_fault():
    assert judged("kills", "x", 3, 3, [], unit="kills").holds
    assert judged("kills", "x", 3, 2, [], unit="kills").holds is False
    short = judged("kills", "x", 3, 3, ["one\nfault | here"], unit="kills")
    assert short == Goal(
        "kills", "x", "3 kills, no fault", "3 kills, 1 fault; the first: one fault | here", holds=False
    )
    lines = table([judged("bits", "y", 1, 1, [], unit="flips"), short, unchecked("bits", "z", "g", "no torch")])
    assert "| one fault \\| here | **SHORT** |".replace("| one", "one") in lines
    assert lines.endswith("1 of 3 goals are reached; SHORT: 1; unchecked: 1.\n")


def test_the_verb_writes_the_table_and_says_by_its_code_whether_all_goals_are_reached(monkeypatch, tmp_path, capsys):
    found = [judged("bits", "y", 2, 2, [], unit="flips")]
    monkeypatch.setattr("harness.cli.torture.tortured", lambda wanted: found if wanted.only == ("bits",) else [])
    assert main(["torture", "--only", "bits", "--out", str(tmp_path / "out")]) == 0
    assert "1 of 1 goals are reached." in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "goals.json").read_text())["goals"][0]["holds"] is True
    found.append(judged("bits", "z", 2, 1, [], unit="flips"))
    assert main(["torture", "--only", "bits", "--out", str(tmp_path / "out")]) == 1  # its own folder is replaced
    assert main(["torture", "--only", "bytes"]) == 2
    assert main(["torture", "--only", "bits", "--update-reference"]) == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").touch()
    assert main(["torture", "--out", str(tmp_path / "other")]) == 2


def test_every_kind_has_parts_and_the_shares_are_those_of_the_whole():
    assert goals.KINDS == KINDS_OF_TORTURE
    assert sorted(part.kind for part in run.PARTS) == sorted(goals.KINDS)
    assert sum(part.share for part in run.PARTS) == pytest.approx(1.0)
    assert sum(READERS.values()) == pytest.approx(1.0)


def test_what_a_part_leaves_over_goes_to_those_after_it(monkeypatch, surrogate_table):
    seconds = []

    def part(kind: str, share: float) -> run.Part:
        def goals(trial: Trial) -> list[Goal]:
            seconds.append(round(trial.left_s))
            assert trial.part(0.25, 20.0).left_s == pytest.approx(10.0, abs=1.0)
            return [unchecked(kind, "what", "goal", "why")]

        return run.Part(kind, goals, share)

    monkeypatch.setattr(run, "choose", lambda name: SimpleNamespace(table=surrogate_table))
    monkeypatch.setattr(run, "PARTS", [part("names", 0.2), part("bits", 0.4), part("kills", 0.2)])
    found = run.tortured(run.Wanted(("kills", "names"), 100.0, 0, smoke=False))
    assert [goal.kind for goal in found] == ["names", "kills"]
    assert seconds == [50, 100]


def test_a_backend_without_its_package_is_named_as_unchecked():
    some = [Setting("1 job", 1), Setting("backend dask", 2, backend="dask"), Setting("another locale", 2)]
    (goal,) = absent(some)
    assert (goal.what, goal.holds) == ("backend ray", None)
    assert "PMFNAS_EXTRAS=ray" in goal.measured
    assert {goal.what for goal in absent(some[:1])} == {"backend dask", "backend ray", "another locale"}


def test_goals_of_other_kinds_are_kept_and_the_page_shows_all_of_them(tmp_path):
    rows = [judged("bits", "y", 2, 2, [], unit="flips"), judged("kills", "x", 9, 3, [], unit="kills")]
    begin_s, cpu_s = goals.used()
    first = goals.run_of(goals.KINDS, (begin_s - 600, cpu_s - 300), seed=0, limit_s=1080, smoke=False)
    assert [goal.kind for goal in goals.write_outputs(tmp_path, first, rows)] == ["kills", "bits"]
    again = goals.run_of(("bits",), goals.used(), seed=1, limit_s=60, smoke=False)
    goals.write_outputs(tmp_path, again, [judged("bits", "z", 2, 1, [], unit="flips")])
    page = goals.page(tmp_path)
    assert "- kills, disks, files, fuzz, names, determinism, supply: 10 min, with a limit of 18; 5 min of CPU; " in page
    assert "- bits: 0 min, with a limit of 1; 0 min of CPU; " in page
    assert "| kills | 0 of 1 | x: 3 kills, 0 faults **SHORT** |" in page
    assert "| bits | 0 of 1 | z: 1 flip, 0 faults **SHORT** |" in page
    assert "| kills | x | 9 kills, no fault | 3 kills, 0 faults | **SHORT** |" in (tmp_path / goals.TABLE).read_text()
    assert "\n0 of 2 goals are reached; SHORT: 2.\n" in page
    smoke = goals.run_of(("names",), goals.used(), seed=0, limit_s=60, smoke=True)
    assert goals.write_outputs(tmp_path, smoke, []) == []


def test_the_committed_page_is_made_from_the_committed_goals():
    assert goals.PAGE.read_text() == goals.page(goals.REFERENCE), "write it again: ./reproduce.sh torture --write-page"


# ------------------------------------------------------------------------------------------------- kills


def test_parts_of_files_under_the_names_of_whole_ones_are_found(tmp_path):
    samples.record(tmp_path)
    samples.played(tmp_path / "journal.jsonl")
    (tmp_path / ".x.writing-1-0123abcd").write_bytes(b"part")
    assert list(unreadable(tmp_path)) == []
    for name, whole in (("page.html", b"<html>"), ("spec.json", b'{"a": 1'), ("x.png", b"\x89PNG"), ("t.md", b"")):
        (tmp_path / name).write_bytes(whole)
        (found,) = unreadable(tmp_path)
        assert f"{name} is not whole" in found
        (tmp_path / name).unlink()
    (record,) = tmp_path.glob("runs/*/*/*.parquet")
    record.write_bytes(record.read_bytes()[:-9])
    assert len(list(unreadable(tmp_path))) == 2  # as Parquet, and as a record
    assert left_over(tmp_path) == [".x.writing-1-0123abcd"]


def test_a_held_lock_is_found_and_a_free_one_is_not(tmp_path):
    with alone(tmp_path / "lock", busy="busy"):
        assert held_locks(tmp_path) == [tmp_path / "lock"]
    assert held_locks(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_processes_that_outlive_the_one_that_was_killed_are_found(place, tmp_path):
    command = [sys.executable, "-c", "import subprocess, time; subprocess.Popen(['sleep', '30']); time.sleep(30)"]
    process = place.start(command, tmp_path / "log")
    until_s = time.monotonic() + 20
    while len(left_of(process.pid, within_s=0)) < 2 and time.monotonic() < until_s:
        time.sleep(0.05)
    assert killed_after(process, 0.0, alone=True)
    (left,) = left_of(process.pid, within_s=0.2)
    os.kill(left, 9)
    assert not killed_after(process, 0.0, alone=False)  # it has ended


def test_an_interruption_ends_the_children(place, tmp_path):
    def work(number):
        if number == 0:
            while not place.started:
                time.sleep(0.01)
            raise KeyboardInterrupt
        return place.run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")

    with pytest.raises(KeyboardInterrupt):
        place.in_pairs(work, range(4))
    assert {process.poll() for process in place.started} == {-9}
    with pytest.raises(InterruptedError):
        place.start(["true"], tmp_path / "log")


# ------------------------------------------------------------------------------------------------- files


def test_hostile_files_are_refused_and_nothing_of_them_is_run(place, tmp_path):
    (tmp_path / "hostile").mkdir()
    program = [sys.executable, "-m", "harness.torture.hostile", tmp_path / "hostile", "quick"]
    assert place.run(program, tmp_path / "log") == 0
    found = dict(files.outcomes(tmp_path / "log"))
    assert len(found) > 200
    assert [fault for name, outcome in found.items() for fault in files.faults_of(name, outcome)] == []
    assert [path.name for path in (tmp_path / "hostile").iterdir()] == ["inside"]


def test_what_a_hostile_file_may_not_do_is_a_fault():
    fine = {"what": "refused", "seconds": 1.0, "grown_mb": 1.0}
    assert list(files.faults_of("npy", fine)) == []
    for changed_to in ({"what": "read"}, {"what": "KeyError: 1"}, {"seconds": 99.0}, {"grown_mb": 1e5}):
        assert len(list(files.faults_of("npy", {**fine, **changed_to}))) == 1
    assert list(files.faults_of("npy", {})) == ["npy: the process ended"]


@pytest.mark.parametrize("name", READERS)
def test_readers_raise_our_errors_alone(name, tmp_path):
    found = fuzz(reader(name, tmp_path), 200, Draws(stream(0, name)), until_s=time.monotonic() + 60)
    assert (found["done"], found["faults"]) == (200, [])


def test_an_error_that_is_not_ours_is_a_fault_and_the_same_seed_gives_the_same_inputs():
    def read(data: bytes) -> None:
        raise InputError("ours") if data.count(b"a") else KeyError("theirs")

    under = Reader(lambda draws: changed([b"abc"], draws), read)
    runs = [fuzz(under, 100, Draws(stream(5, "x")), until_s=time.monotonic() + 60) for _ in range(2)]
    assert runs[0]["faults"] == runs[1]["faults"]
    assert "KeyError: 'theirs'" in runs[0]["faults"][0]


# ------------------------------------------------------------------------------------------------- names, bits


@pytest.mark.parametrize("name", names.NAMES, ids=lambda name: repr(name)[:20])
def test_hostile_names_stay_in_their_cells_and_folders(name, tmp_path):
    assert [*names.of_tables(name), *names.of_paths(tmp_path / "paths", name), *names.of_files(name)] == []


def test_the_committed_references_are_those_of_the_list():
    """If a reference was meant to change: `./reproduce.sh data verify --update-reference`."""
    assert verify_references(REFERENCE_DIR) > 50


def test_a_reference_that_changes_is_named_until_it_is_listed(tmp_path):
    for name in ("a/one.md", "a/two.md", "three.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list_checksums(tmp_path) == ["a/one.md", "a/two.md", "three.json"]
    assert verify_references(tmp_path) == 3
    (tmp_path / "a" / "one.md").write_text("b/one.md")
    (tmp_path / "three.json").unlink()
    with pytest.raises(DataError, match=rf"a/one\.md, .*three\.json: not as {CHECKSUMS} lists; restore"):
        verify_references(tmp_path)
    assert list_checksums(tmp_path, "a") == ["a/one.md"]
    with pytest.raises(DataError, match=r"/three\.json: not as"):
        verify_references(tmp_path)


def test_a_folder_of_results_is_verified(tmp_path, capsys):
    record = samples.record(tmp_path)
    (tmp_path / "spec.json").write_text("{}")
    assert verify_results(tmp_path) == (1, 0)
    assert main(["data", "verify", str(tmp_path)]) == 0
    assert "1 records and 0 checkpoints" in capsys.readouterr().out
    content = bytearray(record.read_bytes())
    content[len(content) // 2] ^= 1
    record.write_bytes(content)
    assert main(["data", "verify", str(tmp_path)]) == 2
    assert f"error: {record} was altered" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------- supply


def test_the_core_is_listed_with_checksums_at_the_versions_of_the_constraints(tmp_path):
    """`requirements-core.txt` says how it is made."""
    assert list(supply.unhashed()) == []
    text = supply.CORE.read_text().replace("scipy==", "scopy==")
    (tmp_path / "other.txt").write_text(text)
    assert {name.partition("==")[0] for name in supply.named_with_hashes(tmp_path / "other.txt")} >= {"scopy", "numpy"}


def test_verbs_use_no_network(place, tmp_path):
    modules, uses = supply.no_network(tmp_path)
    extra = {"PYTHONPATH": f"{modules}:{ROOT}"}
    small = ("--data", "surrogate", "--seeds", "1", "--budget", "1h", "--datasets", "cifar10", "--jobs", "1")
    words = ("run", "table2", *small, "--searchers", "random_search", "--out", tmp_path / "out")
    assert place.run(harness(*words), tmp_path / "log", extra) == 0, (tmp_path / "log").read_text()
    assert not uses.exists()
    asks = [sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"]
    assert place.run(asks, tmp_path / "log", extra) == 1
    assert "socket.connect" in uses.read_text() or "socket.getaddrinfo" in uses.read_text()

"""One flipped bit, at random places of every kind of file that carries a checksum: found when opened or verified.

An error counts if it names the file.
"""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from harness.experiment.checksums import CHECKSUMS, list_checksums, verify_references, verify_results
from harness.experiment.folder import REFERENCE_DIR
from harness.torture import samples
from harness.torture.children import Trial
from harness.torture.goals import Goal, judged, unchecked
from pmfnas.benchmarks.table import HEADER, CurveTable
from pmfnas.core.errors import PmfnasError
from pmfnas.loop.journal import Journal
from pmfnas.loop.record import read_rows
from pmfnas.problem.handle import read_checkpoint
from pmfnas.seal import with_seal

Check = Callable[[], object]


def goals(trial: Trial) -> list[Goal]:
    """Flip bits in every kind of file."""
    n, at, found = trial.tries(2000, 40), trial.place.scratch, []
    for what, files, check in _files(at):
        faults = list(_flipped(files, check, n, trial.rng))
        found.append(judged("bits", f"one flipped bit: {what}", n, n, faults, unit="flips"))
    if not find_spec("torch"):
        found.append(unchecked("bits", "one flipped bit: checkpoint", f"{n} flips, no fault", "torch is not installed"))
    copy = at / "reference"
    shutil.copytree(REFERENCE_DIR, copy)
    list_checksums(copy)  # whatever was changed on purpose before
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.name != CHECKSUMS]
    n = trial.tries(150, 5)
    faults = list(_flipped(files, lambda: verify_references(copy), n, trial.rng))
    return [*found, judged("bits", "one flipped bit: reference", n, n, faults, unit="flips")]


def _files(at: Path) -> Iterator[tuple[str, list[Path], Check]]:
    """Yield the kinds of files: what they are, the files, and what must find a flipped bit in them."""
    table, column = samples.damaged_table(at / "tables")
    yield "table", [table / HEADER, column, table / "archs.npy"], lambda: CurveTable.open(table).verify()
    record = samples.record(at / "opened")
    yield "record, when opened", [record], lambda: read_rows(record)
    kept = samples.record(at / "verified")
    yield "record, by data verify", [kept], lambda: verify_results(at / "verified")
    journal = at / "journal.jsonl"
    samples.played(journal)
    yield "journal", [journal], lambda: _whole_journal(journal)
    own = at / "checkpoints" / "00003.pkl"
    own.parent.mkdir()
    own.write_bytes(with_seal(b"\x80\x04K\x01." + bytes(2000)))
    yield "checkpoint of pmfnas.search", [own], lambda: read_checkpoint(own)
    if find_spec("torch"):
        yield from _training(at / "training")


def _training(at: Path) -> Iterator[tuple[str, list[Path], Check]]:
    import torch

    from pmfnas.training.checkpoints import Checkpoints, RunKey
    from pmfnas.training.state import TrainingState

    kept, key = Checkpoints(at), RunKey(17, "12", 777)
    kept.save(key, TrainingState(3, {"w": torch.arange(400.0)}, {"w": torch.zeros(2)}, {}))
    yield "checkpoint of search", [kept.path(key, 3)], lambda: kept.load(key, 3)


def _whole_journal(path: Path) -> None:
    """Read a journal; raise `DataError` if its last line was cut off, which an unfinished write explains."""
    whole = path.read_bytes()
    Journal(path).read()
    if path.read_bytes() != whole:
        path.write_bytes(whole)
        raise PmfnasError(f"{path} has an unfinished last line")


def _flipped(files: list[Path], check: Check, n: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield a fault for every flipped bit that is not found, or whose file is not named."""
    check()
    for _ in range(n):
        file = files[int(rng.integers(len(files)))]
        whole = file.read_bytes()
        place, bit = int(rng.integers(len(whole))), int(rng.integers(8))
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        try:
            check()
            yield f"bit {bit} of byte {place} of {file.name} is not found"
        except PmfnasError as error:
            if file.stem not in str(error) and file.parent.name not in str(error):
                yield f"bit {bit} of byte {place} of {file.name} is not named: {error}"
        except Exception as error:
            yield f"bit {bit} of byte {place} of {file.name}: {type(error).__name__}: {error}"
        finally:
            file.write_bytes(whole)

"""A full release in the official format, made from an anchored table: to see what an import does at full size.

    python -m tests.support.releases.full_release FOLDER --data TABLE [--archs N] [--jobs N] [--pth]

Real are the ends of both schedules and the seconds, as in the table; the curves are the table's modelled ones; what the
table lacks (training on all 50,000 images, test accuracy before the end) is invented. Which trials, splits and epochs
exist is as in the published files, as are names, containers and sizes. An arch that has a file already is not written
again, so that a writer that was killed goes on. The mark of `official_files` in the meta file says that nothing here
was published. With `--pth` the archive is then written once more as the one torch file of NAS-Bench-201, piece by
piece: its memo grows as that of the real file does, and no more than one arch is in memory.

Measured on two cores shared with other work:

                        archive, 15,625 archs       torch file, 4,000 archs     torch file, all archs (extrapolated)
    size                1.06 GB                     1.55 GB                     6.0 GB
    writing it          28 ms of CPU per arch       25 ms more per arch         -
    importing it        2 processes, 230 s of CPU   1 process, 176 s of CPU     11 min
    memory, all         0.24 GB                     0.28 GB                     0.8 GB (42 kB per arch)
    disk: most, table   2.6 GB, 1.27 GB             1.6 GB, 1.27 GB             2.6 GB, 1.27 GB

Memory is without mapped files; with them it is 1.6 GB while the table is filled. After `kill -9` at half of the archive
the processes of the import ended within 1.5 s, and the next import made a table with the same checksums.
"""

import argparse
import bz2
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from harness.torture.official_files import (
    DATASETS,
    EPOCHS,
    EVAL_IMAGES,
    FOLDERS,
    MARK,
    PTH,
    TRAIN_IMAGES,
    config_of,
    shown_epochs,
    size_of,
    trial_content,
    write_bz2,
)
from pmfnas.benchmarks.official.reader import META, arch_files
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.spaces import space_for

SEEDS_200 = (777, 888, 999)
SEARCHED = {"cifar10": "cifar10-valid"}
"""Where training on all images is copied from."""
TESTS = {"cifar10": "ori-test-acc", "cifar100": "x-test-acc", "ImageNet16-120": "x-test-acc"}
CHUNK = 50


def write_release(table: CurveTable, root: Path, *, n_archs: int, n_jobs: int) -> Path:
    """Write the archive folder of the table's first `n_archs` archs into `root` and return it."""
    space = space_for("nb201", n_classes=10, image_size=32)
    texts = [space.format(tuple(arch)) for arch in table.archs.tolist()]
    folder = root / FOLDERS["tss"]
    folder.mkdir(parents=True, exist_ok=True)
    content = {"meta_archs": texts, "total_archs": len(texts), "arch2infos": None, "evaluated_indexes": set()}
    write_bz2(folder / META, {**content, MARK: True})
    missing = [i for i in range(n_archs) if not (folder / f"{i:06d}.pickle.pbz2").exists()]
    parts = [missing[start : start + CHUNK] for start in range(0, len(missing), CHUNK)]
    work = (delayed(_write_part)(table.path, folder, [(i, texts[i]) for i in part]) for part in parts)
    with tqdm(total=n_archs, initial=n_archs - len(missing), unit="arch") as bar:
        for n in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work):
            bar.update(n)
    return folder


def _write_part(table_path: Path, folder: Path, part: Sequence[tuple[int, str]]) -> int:
    table = CurveTable.open(table_path)
    for index, text in part:
        work = folder / f".{index:06d}"
        write_bz2(work, arch_record(table, index, text))
        work.rename(folder / f"{index:06d}.pickle.pbz2")
    return len(part)


# ------------------------------------------------------------------------------------------------------ the torch file


def write_pth(archive: Path, out: Path) -> Path:
    """Write the torch file of the archs in `archive` into the folder `out` and return it."""
    meta, files = load(archive / META), arch_files(archive)
    path, n_known = out / PTH, 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as container:
        container.writestr("archive/version", "3\n")
        with container.open("archive/data.pkl", "w", force_zip64=True) as stream:

            def put(content: object) -> None:
                nonlocal n_known
                text, n_new = shifted(pickle.dumps(content, protocol=2), n_known)
                stream.write(text)
                n_known += n_new

            stream.write(b"\x80\x02}")  # an empty dictionary
            put("arch2infos")
            stream.write(b"}")
            for index, file in tqdm(files.items(), unit="arch"):
                record = load(file)
                put(index)
                put({"full": record["200"], "less": record["12"]})
                stream.write(b"s")  # an item of the inner dictionary
            stream.write(b"s")
            for name in ("meta_archs", "total_archs", MARK):
                put(name)
                put(meta[name])
                stream.write(b"s")
            put("evaluated_indexes")
            put(set(files))
            stream.write(b"s.")
    return path


def load(file: Path) -> Any:
    """Return the content of a file that this module wrote."""
    return pickle.loads(bz2.decompress(file.read_bytes()))


_LENGTHS = {b"}]()N\x88\x89\x85\x86\x87taesubR": 1, b"K": 2, b"M": 3, b"J": 5, b"G": 9}
"""Of instructions of protocol 2 that have a fixed length."""
_LENGTH_OF = {code: length for codes, length in _LENGTHS.items() for code in codes}


def shifted(text: bytes, by: int) -> tuple[bytes, int]:
    """Return a pickle of protocol 2 without its first and last instruction, as a part of a longer one.

    Args:
        text: the pickle.
        by: places of the memo that are taken before it.

    Returns:
        The instructions, and how many places of the memo they take.
    """
    parts, kept, at, n_places = list[bytes](), 2, 2, 0
    while (code := text[at]) != ord("."):
        if code in _LENGTH_OF:
            at += _LENGTH_OF[code]
        elif code == ord("X"):
            at += 5 + int.from_bytes(text[at + 1 : at + 5], "little")
        elif code == ord("c"):
            at = text.index(b"\n", text.index(b"\n", at) + 1) + 1
        else:  # into the memo (q, r) or out of it (h, j)
            end = at + (2 if code in b"qh" else 5)
            place = int.from_bytes(text[at + 1 : end], "little")
            n_places = max(n_places, place + 1)
            parts += [text[kept:at], b"r" if code in b"qr" else b"j", (place + by).to_bytes(4, "little")]
            kept = at = end
    return b"".join([*parts, text[kept:at]]), n_places


# -------------------------------------------------------------------------------------------------------- the records


def arch_record(table: CurveTable, index: int, text: str) -> dict[str, Any]:
    """Return what the official file of one arch holds."""
    rng = np.random.default_rng([201, index])
    return OrderedDict((name, _schedule(table, index, text, name, rng)) for name in EPOCHS["tss"])


def _schedule(table: CurveTable, index: int, text: str, schedule: str, rng: np.random.Generator) -> dict[str, Any]:
    seeds = {dataset: _seeds(table, index, dataset, schedule) for dataset in DATASETS}
    return {
        "arch_index": index,
        "arch_str": text,
        "all_results": {
            (dataset, seed): _trial(table, index, text, schedule, dataset, seed, place, rng)
            for dataset, of_dataset in seeds.items()
            for place, seed in enumerate(of_dataset)
        },
        "dataset_seed": {dataset: list(of_dataset) for dataset, of_dataset in seeds.items()},
        "clear_net_done": True,
    }


def _seeds(table: CurveTable, index: int, dataset: str, schedule: str) -> tuple[int, ...]:
    if schedule == "12":
        return (111, 777) if dataset == "cifar10-valid" else (111,)
    return SEEDS_200[: table.n_trials("cifar10-valid", schedule, index)]


def _trial(
    table: CurveTable,
    index: int,
    text: str,
    schedule: str,
    dataset: str,
    seed: int,
    place: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    source = SEARCHED.get(dataset, dataset)
    trial = min(place, table.n_trials(source, schedule, index) - 1)
    slot = table.slot(source, schedule, index, trial)

    def read(metric: str) -> np.ndarray:
        return table.values(Key(source, schedule, metric))[index, slot].astype(np.float64)

    train = np.stack([read("train-acc"), read("train-loss")])  # (2, epochs)
    measured = np.stack([read("x-valid-acc"), read("x-valid-loss")])
    jitter = np.array([[0.0 if place == trial else rng.normal(0, 0.3)], [0.0]])  # a trial that the table lacks
    scale = TRAIN_IMAGES[dataset] / TRAIN_IMAGES[source]
    shown = {
        split: _evaluated(table, index, trial, schedule, dataset, split, train, measured + jitter, rng)
        for split in EVAL_IMAGES[dataset]
    }
    per_10k_s = table.constant(Key("cifar100", schedule, "x-valid-s"), index, 0) * 2
    params_m, flops_m = size_of("tss", text, dataset)
    epoch_s = table.constant(Key(source, schedule, "train-s"), index, trial) * scale
    latency_s = 0.005 + epoch_s / scale / 1000
    config = config_of("tss", text, dataset)
    return trial_content(dataset, seed, train, shown, epoch_s, per_10k_s, latency_s, params_m, flops_m, config)


def _evaluated(
    table: CurveTable,
    index: int,
    trial: int,
    schedule: str,
    dataset: str,
    split: str,
    train: np.ndarray,
    measured: np.ndarray,
    rng: np.random.Generator,
) -> tuple[range, np.ndarray]:
    """Return the epochs, from 0, at which the published files have a split, and (accuracy, loss) there."""
    at, epochs = shown_epochs(dataset, schedule, split), train.shape[1]
    if split == "x-valid":
        return at, np.clip(measured[:, -len(at) :], 0, 100)
    final = measured[0, -1] + rng.normal(0, 0.3)
    if schedule == "200" and dataset in TESTS:
        final = table.read(Key(dataset, "200", TESTS[dataset]), index, trial, (200,))[0]
        if split == "ori-test" and dataset != "cifar10":
            final = (final + measured[0, -1]) / 2  # both halves are of equal size
    left = np.linspace(1, 0, epochs)
    course = train[0] / max(train[0, -1], 1e-9) * final + rng.normal(0, 1.0, epochs) * left
    loss = train[1] + measured[1, -1] - train[1, -1] + rng.normal(0, 0.02, epochs)
    values = np.stack([np.clip(course, 0, 100), np.abs(loss)])
    return at, values[:, list(at)]


def main() -> None:
    """Write the release."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of an anchored table")
    parser.add_argument("--archs", type=int, help="how many archs have files (default: all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pth", action="store_true", help="write the one torch file too")
    options = parser.parse_args()
    table = CurveTable.open(options.data)
    n_archs = options.archs or len(table.archs)
    archive = write_release(table, options.folder, n_archs=n_archs, n_jobs=options.jobs)
    print(write_pth(archive, options.folder) if options.pth else archive)


if __name__ == "__main__":
    main()

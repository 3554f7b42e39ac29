"""Retrains the found network on training and validation images together.

The search trains only on the training images, since it needs the validation images for selection. After the search,
the network is trained on both, from new weights on the longest schedule. The training runs in pieces that end in a
checkpoint, so the same command resumes after an interrupt. At the end the test images are opened once more.

    OUT/retrain/          checkpoints of the training
    OUT/retrained.pt, retrained.json      weights and results; written last
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.host.units import written_time
from harness.search.checks import check_host_memory
from harness.search.family import found_plan
from harness.search.final_test import RETRAINED as AGAIN
from harness.search.final_test import VERIFIED, log_access, score, verify_test_images
from harness.search.spec import device_name, finished_search, open_device
from pmfnas.core.errors import DataError, InputError, UnavailableError
from pmfnas.core.types import Diverged, Ok
from pmfnas.files import write_bytes, write_text
from pmfnas.training.checkpoints import Checkpoints, RunKey
from pmfnas.training.data import Fitting, ImageSet, SearchData, Source, open_source
from pmfnas.training.recipe import Recipe, trial_seeds
from pmfnas.training.session import Segment, Session
from pmfnas.training.stream import DeviceImages

RETRAINED_WEIGHTS = "retrained.pt"
RETRAINED = "retrained.json"
_FOLDER = "retrain"
_PIECES = 20
"""Number of pieces of a schedule; each ends in a checkpoint."""


def retrain(
    out: Path,
    data_dir: Path | None,
    device: str,
    *,
    say: Callable[[str], None],
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Train the network that the search in `out` found on training and validation images; return the result.

    If the network was retrained before, return that result.

    Args:
        out: folder of a search that has ended.
        data_dir: folder of the images of the search; None for digits.
        device: value of `--device`.
        say: prints a line of progress.
        clock: returns increasing seconds.

    Raises:
        InputError: the search has not ended, or data or device cannot be used.
        DataError: a file is damaged.
        UnavailableError: the training diverged, or does not fit on the device.
    """
    claim, result = finished_search(out)
    known = _read(out / RETRAINED)
    if known is not None:
        return dict(known)
    source, data = _joined(claim, data_dir)
    check_host_memory(data)
    log_access(out, VERIFIED, n_archs=0, n_images=verify_test_images(source, data))
    on = open_device(device)
    session = Session(DeviceImages(data, on), Recipe(**claim["recipe"]), Checkpoints(out / _FOLDER), clock=clock)
    whole = _whole(claim, result, out)
    say(f"retraining {result['arch']} on {len(data.train):,} images, {whole.epochs} epochs")
    begin_s, before_s = clock(), _seconds(out)
    for epoch in _pieces(session, whole):
        spent_s = before_s + clock() - begin_s
        write_text(out / _FOLDER / "seconds.json", json.dumps(spent_s))
        say(f"epoch {epoch} of {whole.epochs}, left about {written_time(spent_s / epoch * (whole.epochs - epoch))}")
    retrained = {
        "arch": result["arch"],
        "schedule": whole.key.schedule,
        "epochs": whole.epochs,
        "seed": whole.key.seed,
        "trained_on": f"the training and validation splits together, {len(data.train):,} images",
        "test_acc": score(session, whole, source, out, AGAIN),
        "hours": _seconds(out) / 3600,
        "device": device_name(on),
        "torch": str(torch.__version__),
    }
    write_bytes(out / RETRAINED_WEIGHTS, session.checkpoints.path(whole.key, whole.epochs).read_bytes())
    write_text(out / RETRAINED, json.dumps(retrained, indent=1) + "\n")
    session.checkpoints.keep_only(())
    return retrained


def _joined(claim: Mapping[str, Any], data_dir: Path | None) -> tuple[Source, SearchData]:
    """Return the data of the search, with the validation images added to the training images."""
    fitting = Fitting(claim["image_size"], multiple=1) if claim.get("scaled") else Fitting(multiple=1)
    source = open_source(claim["dataset"], data_dir, split_seed=claim["split_seed"], fitting=fitting)
    found = source.search()
    data = replace(found, padding=claim.get("padding", found.padding), flip=claim.get("flip", found.flip))
    if data.fingerprint != claim["fingerprint"]:
        raise InputError(
            f"--data-dir holds images with fingerprint {data.fingerprint}, but the search had {claim['fingerprint']}; "
            "give the data it searched on"
        )
    pixels = np.concatenate([data.train.pixels, data.valid.pixels])
    labels = np.concatenate([data.train.labels, data.valid.labels])
    return source, replace(data, train=ImageSet(pixels, labels))


def _whole(claim: Mapping[str, Any], result: Mapping[str, Any], out: Path) -> Segment:
    """Return the full training: the longest schedule, with the search's training seed if the schedule has it."""
    epochs = claim["schedules"][-1]
    seeds = trial_seeds(epochs)
    seed = result["seed"] if result["seed"] in seeds else seeds[0]
    plan, number = found_plan(claim, result, out)
    return Segment(0, RunKey(number, str(epochs), seed), plan, epochs, 0, epochs, ())


def _pieces(session: Session, whole: Segment) -> Iterator[int]:
    """Do the rest of a training piece by piece; yield the completed epochs after each piece."""
    checkpoints, step = session.checkpoints, max(1, whole.epochs // _PIECES)
    start = max(checkpoints.epochs(whole.key), default=0)
    while start < whole.epochs:
        stop = min(start + step, whole.epochs)
        session.begin(replace(whole, start=start, stop=stop))
        ended = next(found for found in iter(session.advance, None) if found)
        outcome = ended[0].outcome
        if not isinstance(outcome, Ok):
            why = f"diverged in epoch {outcome.curve.stop}" if isinstance(outcome, Diverged) else str(outcome)
            raise UnavailableError(f"the found network could not be retrained: {why}; the search's own weights remain")
        if start:
            checkpoints.path(whole.key, start).unlink(missing_ok=True)
        start = stop
        yield start


def _seconds(out: Path) -> float:
    """Return the seconds that retraining has taken so far."""
    return float(_read(out / _FOLDER / "seconds.json") or 0.0)


def _read(path: Path) -> Any:
    """Return the content of a JSON file; None if it does not exist."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); remove it to train again") from None

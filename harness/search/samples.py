"""Real images to compare exported files with the network that they come from: some validation images of the search.

    OUT/samples.npz     images (n, 3, side, side) uint8, labels (n,)

Each file is loaded again as its user would load it, and gives logits for these images.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pmfnas.core.errors import UnavailableError
from pmfnas.files import reading, write_bytes
from pmfnas.training.data import ImageSet

SAMPLES = "samples.npz"
_MOST = 32
_TOLERANCE = 1e-3
"""Largest difference of logits, as a multiple of their largest size or of 1."""


def keep_samples(images: ImageSet, out: Path) -> None:
    """Write images at equal distances in `images` to the folder of a search."""
    places = np.unique(np.linspace(0, len(images) - 1, min(_MOST, len(images))).round().astype(np.int64))
    buffer = BytesIO()
    np.savez(buffer, images=images.pixels[places], labels=images.labels[places])
    write_bytes(out / SAMPLES, buffer.getvalue())


def read_samples(out: Path, side: int) -> NDArray[np.uint8]:
    """Return the images of the search in `out`; images of noise if it kept none."""
    path = out / SAMPLES
    if not path.exists():
        return np.random.default_rng(0).integers(0, 256, size=(2, 3, side, side), dtype=np.uint8)
    with reading(path, "search anew"), np.load(path) as stored:
        return np.asarray(stored["images"])


def logits_of(model: torch.nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a model of torch gives for uint8 images."""
    with torch.no_grad():
        return np.asarray(model(torch.from_numpy(images)).numpy())


def onnx_logits(content: bytes, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what an ONNX file gives for uint8 images, by onnxruntime, or by onnx itself where that is missing."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        import onnx
        from onnx.reference import ReferenceEvaluator

        return _first(ReferenceEvaluator(onnx.load_from_string(content)).run(None, {"images": images}))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return _first(session.run(None, {"images": images}))


def _first(outputs: Any) -> NDArray[np.float32]:
    return np.asarray(outputs[0])


def check_equal(what: str, run: Callable[[], NDArray[np.float32]], expected: NDArray[np.float32]) -> float:
    """Return the largest difference of the logits that `run` gives; raise `UnavailableError` if it is too large."""
    found = run()
    if found.shape != expected.shape:
        raise UnavailableError(f"{what} gives outputs {found.shape}, but the network gives {expected.shape}")
    difference = float(np.abs(found - expected).max())
    if not difference <= _TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise UnavailableError(f"{what} gives other outputs than the network: they differ by up to {difference:.3g}")
    return difference

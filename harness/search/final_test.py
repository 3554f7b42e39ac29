"""The final test of a search: test images are opened here and nowhere else, and every access is logged.

    before the start        checks the test images, so that a damaged image is an error before the budget is spent
    after a search          scores the found network
    after its retraining    scores the retrained network

Before the end of a search, other code gets only the number of test images. Searchers have no access to this module.

    OUT/oracle.csv     one row per access: run, number of scored archs, number of images
"""

from pathlib import Path

from harness.search.folder import ORACLE
from pmfnas.core.errors import DataError
from pmfnas.files import write_text
from pmfnas.training.data import ImageSet, SearchData, Source
from pmfnas.training.session import Segment, Session
from pmfnas.training.stream import class_weights
from pmfnas.training.trainer import evaluate

VERIFIED = "verification before the start"
RETRAINED = "retrained"
_HEAD = "who,archs,images\n"


def verify_test_images(source: Source, data: SearchData) -> int:
    """Open the test images, check that a network can be scored on them, and return only their number.

    Raises:
        DataError: an image cannot be read, or the images differ in size or classes from those of the search.
    """
    return len(_opened(source, data.image_size))


def log_access(out: Path, who: str, *, n_archs: int, n_images: int) -> None:
    """Log an access to the test images in the folder of the search."""
    path = out / ORACLE
    before = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    write_text(path, f"{before}{who},{n_archs},{n_images}\n")


def score(session: Session, segment: Segment, source: Source, out: Path, who: str) -> float:
    """Return the test accuracy of a trained network in percent, in the terms of the objective; log the access."""
    test = _opened(source, session.images.image_size)
    state, batches = session.checkpoints.load(segment.key, segment.stop), session.images.in_order(test)
    device = session.images.device
    weights = class_weights(test.labels, device) if session.recipe.balanced else None
    (scores,) = evaluate([segment.plan], [state], batches, session.recipe, device, weights)
    log_access(out, who, n_archs=1, n_images=len(test))
    return scores.accuracy


def _opened(source: Source, image_size: int) -> ImageSet:
    """Return the test images; raise `DataError` if there are none, or if size or classes do not fit the search."""
    test = source.test()
    if not len(test):
        raise DataError(f"data set {source.name} has no test image, by which the search is judged in the end; add some")
    side = test.pixels.shape[-1]
    if side != image_size:
        raise DataError(
            f"data set {source.name} has test images of {side} pixels a side, but those to train on have {image_size}; "
            "scale them alike"
        )
    if test.labels.min() < 0 or test.labels.max() >= source.n_classes:
        raise DataError(
            f"data set {source.name} has test labels {test.labels.min()}..{test.labels.max()}, but "
            f"{source.n_classes} classes; mend the labels"
        )
    return test

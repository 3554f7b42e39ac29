"""The final test of a search: test images are opened here and nowhere else, and every access is logged.

    before the start        images are opened, checked and let go: a damaged one is an error before the budget is spent
    after a search          the one network that it found is scored
    after its retraining    that is scored once more

Nothing of the test images but their number is handed on before the end; searchers are given neither them nor this.

    OUT/oracle.csv     who, archs that were scored, images
"""

from pathlib import Path

from harness.search.folder import ORACLE
from pmfnas.core.errors import DataError
from pmfnas.files import write_text
from pmfnas.training.data import ImageSet, SearchData, Source
from pmfnas.training.session import Segment, Session
from pmfnas.training.trainer import evaluate

VERIFIED = "verification before the start"
RETRAINED = "retrained"
_HEAD = "who,archs,images\n"


def verify_test_images(source: Source, data: SearchData) -> int:
    """Open the test images, check that they can be scored, and return their number and nothing else.

    Raises:
        DataError: one cannot be read, or they do not fit to the images of the search.
    """
    return len(_opened(source, data.image_size))


def log_access(out: Path, who: str, *, n_archs: int, n_images: int) -> None:
    """Note that test images were opened, in the folder of the search."""
    path = out / ORACLE
    before = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    write_text(path, f"{before}{who},{n_archs},{n_images}\n")


def score(session: Session, segment: Segment, source: Source, out: Path, who: str) -> float:
    """Return the test accuracy, percent, of a trained network; the access is logged."""
    test = _opened(source, session.images.image_size)
    state, batches = session.checkpoints.load(segment.key, segment.stop), session.images.in_order(test)
    (scores,) = evaluate([segment.plan], [state], batches, session.recipe, session.images.device)
    log_access(out, who, n_archs=1, n_images=len(test))
    return scores.accuracy


def _opened(source: Source, image_size: int) -> ImageSet:
    """Return the test images; raise `DataError` where they are none, of another size, or of unknown classes."""
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

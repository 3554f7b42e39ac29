"""Reads picture files of common formats as RGB pixels.

    saved as                                pixels
    8 bits: grey, colour, palette           unchanged
    16 bits, grey                           divided by 257, so that 65,535 is white
    with transparency                       laid on white, or on black if all visible pixels are nearly white
    CMYK, YCbCr, HSV                        converted by Pillow, without colour profiles
    several frames                          the first frame
    with an orientation in its EXIF         turned upright
    32 bits, floating point, LAB            refused: the range is unknown, or Pillow cannot convert it

Every error of Pillow becomes an error that names the file.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError, InputError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Suffixes of picture files."""
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_CONVERTED = frozenset({"1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"})
_TRANSPARENT = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_ORIENTATION, _TURNED = 0x0112, frozenset({5, 6, 7, 8})
"""The tag of EXIF, and its values that swap width and height."""
_LIGHT = 192
"""A pixel is nearly white if every colour is at least this."""

FRAMES = "several frames, of which the first is used"
ALPHA = "transparency, which is laid on white, or on black if all visible pixels are nearly white"


@dataclass(frozen=True, slots=True)
class Picture:
    """The pixels of a picture, with remarks on their conversion."""

    pixels: NDArray[np.uint8]  # (height, width, 3)
    remarks: tuple[str, ...]
    """Remarks on the conversion: `FRAMES`, `ALPHA`."""


def read_picture(path: Path) -> Picture:
    """Return the picture in a file. Raises `DataError` if it cannot be read or is not a picture."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); mend or remove it") from None
    return decode(content, str(path))


def size_of(content: bytes | Path) -> tuple[int, int] | None:
    """Return width and height of the upright picture, from the head of a file; None if it cannot be read."""
    try:
        from PIL import Image

        source = io.BytesIO(content) if isinstance(content, bytes) else content
        with warnings.catch_warnings(), Image.open(source, formats=_FORMATS) as image:
            warnings.simplefilter("ignore")
            aside = image.getexif().get(_ORIENTATION) in _TURNED
            return (image.height, image.width) if aside else (image.width, image.height)
    except Exception:  # `decode` says what is wrong with it
        return None


def decode(content: bytes, what: str) -> Picture:
    """Return the picture in the content of a file.

    Args:
        content: content of the file.
        what: name of the file, for errors.

    Raises:
        DataError: the picture is truncated, too large, of an unknown format, or of a mode that cannot be converted.
        InputError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError:
        raise InputError(f"{what} is a picture, but Pillow is not installed; install the extra `train`") from None
    if not content:
        raise DataError(f"{what} is empty; mend or remove it")
    try:
        with _quiet(Image.DecompressionBombWarning), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            remarks = (FRAMES,) if getattr(image, "n_frames", 1) > 1 else ()
            kind, upright = image.format or "", ImageOps.exif_transpose(image)
            pixels, on_alpha = _rgb(upright, kind, what)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(f"{what} is no picture of a known format ({', '.join(_FORMATS)}); remove it") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise DataError(f"{what} is too large a picture ({_cause(error)}); scale or remove it") from None
    except Exception as error:  # Pillow's readers raise many kinds: ValueError, struct.error, zlib.error ...
        raise DataError(
            f"{what} is truncated, damaged or has too much metadata ({_cause(error)}); save it again or remove it"
        ) from None
    return Picture(pixels, (*remarks, ALPHA) if on_alpha else remarks)


def _cause(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


@contextmanager
def _quiet(bomb: type[Warning]) -> Iterator[None]:
    """Turn Pillow's warning of a suspiciously large picture into an error, and ignore its other warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", bomb)
        yield


def _rgb(image: "Image.Image", kind: str, what: str) -> tuple[NDArray[np.uint8], bool]:
    """Return the pixels of a Pillow image, (height, width, 3), and True if a background shows through it."""
    has_transparency = image.mode in _TRANSPARENT or "transparency" in image.info
    if image.mode.startswith("I") and not has_transparency:
        return _from_16_bits(image, kind, what), False
    if has_transparency and image.mode in _TRANSPARENT | _CONVERTED:
        return on_ground(np.asarray(image.convert("RGBA")))
    if image.mode in _CONVERTED:
        return np.asarray(image.convert("RGB")), False
    raise DataError(
        f"{what} is a picture of mode {image.mode}{' with transparency' if has_transparency else ''}, which cannot be "
        "converted correctly; save it as RGB with 8 bits"
    )


def _from_16_bits(image: "Image.Image", kind: str, what: str) -> NDArray[np.uint8]:
    """Return the pixels of a grey picture of 16 bits. Pillow may hold 16 bits of PNG or PGM in 32 bits."""
    values = np.asarray(image).astype(np.int64)
    if image.mode == "I" and kind not in ("PNG", "PPM"):
        raise DataError(f"{what} is a picture of 32 bits, whose range is not known; save it with 8 or 16 bits")
    if values.min() < 0 or values.max() > 65_535:
        raise DataError(f"{what} holds values {values.min()}..{values.max()}, beyond 16 bits; save it with 8 or 16")
    grey = ((values + 128) // 257).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def on_ground(rgba: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bool]:
    """Return a transparent picture on a background, (height, width, 3), and True if any background shows.

    The background is white. It is black if all visible pixels are nearly white, so that a drawing in one colour stays
    visible.
    """
    colours, alpha = rgba[..., :3].astype(np.int64), rgba[..., 3:].astype(np.int64)
    seen = colours[alpha[..., 0] > 0]
    ground = 0 if len(seen) and seen.min() >= _LIGHT else 255
    laid = (colours * alpha + ground * (255 - alpha) + 127) // 255
    return laid.astype(np.uint8), bool((alpha < 255).any())

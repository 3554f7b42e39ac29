"""Pictures of every kind as RGB, and files that are none."""

import io
import struct
import zlib

import numpy as np
import pytest

from pmfnas.core.errors import DataError
from pmfnas.training.data.pictures import ALPHA, FRAMES, decode, on_ground, read_picture

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (extra train)")
from PIL import PngImagePlugin  # noqa: E402

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


def saved(image, kind="PNG", **options):
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def pixel(content, at=(0, 0)):
    return tuple(decode(content, "it").pixels[at].tolist())


def colours(mode, colour, size=(4, 4)):
    return Image.new("RGB", size, colour).convert(mode)


# ------------------------------------------------------------------------------------------------------------ kinds


@pytest.mark.parametrize("value", [0, 128, 257, 32_896, 65_535])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_to_eight(value, kind):
    grey = Image.fromarray(np.full((4, 4), value, dtype=np.uint16))
    content = saved(grey if kind != "PPM" else grey.convert("I"), kind)
    assert pixel(content) == (round(value / 257),) * 3


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected"),
    [
        ("1", WHITE, "PNG", WHITE),
        ("L", (90, 90, 90), "PNG", (90, 90, 90)),
        ("P", RED, "PNG", RED),
        ("RGB", RED, "BMP", RED),
        ("CMYK", RED, "TIFF", RED),
        ("YCbCr", RED, "TIFF", (254, 0, 0)),
    ],
)
def test_a_picture_of_each_mode_has_its_colours(mode, colour, kind, expected):
    assert pixel(saved(colours(mode, colour), kind)) == expected


@pytest.mark.parametrize(("colour", "ground"), [(BLACK, 255), (RED, 255), ((180, 180, 180), 255), (WHITE, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_drawing_in_alpha_stays_visible_whatever_its_colour(colour, ground, mode):
    if mode == "LA" and colour == RED:
        pytest.skip("grey has no red")
    drawn = Image.new("RGBA", (4, 4), (*colour, 0))
    drawn.putpixel((0, 0), (*colour, 255))
    if mode == "P":
        palette = Image.new("P", (4, 4), 1)
        palette.putpalette([*colour, *colour])
        palette.putpixel((0, 0), 0)
        picture = decode(saved(palette, transparency=1), "it")
    else:
        picture = decode(saved(drawn.convert(mode)), "it")
    assert picture.pixels[0, 0].tolist() == list(colour)
    assert picture.pixels[1, 1].tolist() == [ground] * 3
    assert picture.remarks == (ALPHA,)


def test_half_transparent_pixels_are_mixed_and_opaque_ones_stay():
    mixed, shows = on_ground(np.array([[[100, 0, 0, 51], [7, 8, 9, 255]]], dtype=np.uint8))
    assert mixed.tolist() == [[[224, 204, 204], [7, 8, 9]]]
    assert shows
    assert not on_ground(np.full((2, 2, 4), 255, dtype=np.uint8))[1]


def test_a_colour_that_counts_as_transparent_is_laid_on_white():
    assert pixel(saved(Image.new("RGB", (4, 4), RED), transparency=RED)) == WHITE


def test_a_picture_is_turned_upright():
    lying = Image.fromarray(np.array([[[255, 0, 0], [0, 0, 255]]] * 2, dtype=np.uint8))  # red left, blue right
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    upright = decode(saved(lying, "PNG", exif=exif.tobytes()), "it").pixels
    assert upright[0].tolist() == [[255, 0, 0]] * 2
    assert upright[1].tolist() == [[0, 0, 255]] * 2


def test_of_several_frames_the_first_counts_and_it_is_said():
    first, second = (Image.new("P", (4, 4), 0) for _ in range(2))
    first.putpalette([*RED, *WHITE])
    second.putpalette([*BLACK, *WHITE])
    picture = decode(saved(first, "GIF", save_all=True, append_images=[second]), "it")
    assert (picture.pixels[0, 0].tolist(), picture.remarks) == ([255, 0, 0], (FRAMES,))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            Image.fromarray(np.zeros((4, 4), dtype=np.float32)),
            "mode F, which cannot be converted correctly; save it as RGB",
        ),
        (Image.fromarray(np.zeros((4, 4), dtype=np.int32)), "32 bits, whose range is not known"),
        (Image.new("LAB", (4, 4)), "mode LAB"),
    ],
)
def test_pictures_whose_range_is_not_known_are_refused(image, message):
    with pytest.raises(DataError, match=f"it is a picture of .*{message}|it is a picture of {message}"):
        decode(saved(image, "TIFF"), "it")


# ---------------------------------------------------------------------------------------------------------- no pictures


def with_a_long_comment():
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * 3_000_000, zip=True)
    return saved(Image.new("RGB", (8, 8)), pnginfo=info)


def with_an_empty_header_behind_its_pixels():
    content = saved(Image.new("RGB", (8, 8)))
    end = content.index(b"IEND") - 4
    return content[:end] + struct.pack(">I", 0) + b"IHDR" + struct.pack(">I", zlib.crc32(b"IHDR")) + content[end:]


def damaged(kind):
    content = bytearray(saved(Image.effect_noise((64, 64), 90), kind))
    content[len(content) // 2 : len(content) // 2 + 40] = b"\x99" * 40
    return bytes(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: b"", "empty"),
        (lambda: b"just text", "no picture of a known format"),
        (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "no picture of a known format"),
        (lambda: saved(Image.effect_noise((64, 64), 90))[:300], "truncated"),
        (lambda: saved(Image.effect_noise((64, 64), 90), "JPEG")[:900], "truncated"),
        (lambda: damaged("PNG"), "damaged"),
        (with_a_long_comment, "MAX_TEXT_CHUNK.*save it again or remove it"),
        (with_an_empty_header_behind_its_pixels, "Truncated IHDR chunk"),
        (lambda: saved(Image.new("1", (20_000, 20_000))), "too large a picture .*scale or remove it"),
        (lambda: saved(Image.new("1", (10_000, 10_000))), "too large a picture"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_remedy(tmp_path, make, message):
    path = tmp_path / "x.png"
    path.write_bytes(make())
    with pytest.raises(DataError, match=rf"x\.png is .*{message}") as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)
    assert "remove" in str(caught.value)


def test_a_link_to_itself_is_named(tmp_path):
    (tmp_path / "x.png").symlink_to(tmp_path / "x.png")
    with pytest.raises(DataError, match=r"x\.png cannot be read"):
        read_picture(tmp_path / "x.png")

"""The tutorial on one's own networks runs as it is written, on real digits in files of many sizes and modes."""

import json
import shlex
import subprocess
import sys

import numpy as np
import pytest

from harness.cli.main import main
from tests.support.documents import ROOT, SHELL, read

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: no ONNX here (extra train)")
Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: no class folders here (extra train)")

PAGE = ROOT / "docs" / "tutorials" / "own-networks.md"
MODES = ("L", "RGB", "P", "CMYK")


def write_photos(root):
    """Write 90 of scikit-learn's digits as pictures of many sizes, shapes and modes; return one more, of class 1."""
    from sklearn.datasets import load_digits

    digits, rng = load_digits(n_class=3), np.random.default_rng(0)
    for number, (grey, label) in enumerate(zip(digits.images[:91], digits.target[:91], strict=True)):
        size = tuple(int(n) for n in rng.integers(16, 33, size=2))
        picture = Image.fromarray(np.rint(grey * 255 / 16).astype(np.uint8)).resize(size)
        mode = MODES[number % len(MODES)]
        path = root / "photos" / str(label) / f"{number}.{'tiff' if mode == 'CMYK' else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.convert("RGB").convert(mode).save(path)
    return path


def commands(changes):
    """Return the words of the page's commands, with some words exchanged so that a test takes seconds."""
    lines = [block.text.splitlines()[0] for block in read(PAGE).blocks if block.language == SHELL]
    return [[changes.get(word, word) for word in shlex.split(line)[1:]] for line in lines]


def test_the_tutorial_goes_from_photos_to_a_class_in_another_process(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    photo = write_photos(tmp_path)
    new, search, export, classify = commands({"2h": "10s", "4,12": "1,2", "new.jpg": str(photo)})
    program, shown = [block.text for block in read(PAGE).blocks if block.language == "python"]
    assert main(new) == 0
    assert (tmp_path / "my_family.py").read_text() == program
    assert main([*search, "--image-size", "16", "--device", "cpu"]) == 0
    assert "photos" not in capsys.readouterr().err.partition("warning")[2]
    assert main(export) == 0
    result = json.loads((tmp_path / "results" / "search" / "mine" / "result.json").read_text())
    assert result["arch"].startswith("depth=")
    assert result["recipe"]["batch_size"] == 8  # 72 photos are nine steps an epoch, not one
    (on_card,) = [text for text in read_card(tmp_path / "model.md") if "onnxruntime" in text]
    assert on_card == shown.replace("(64, 64)", "(16, 16)")
    (tmp_path / "classify.py").write_text(on_card)
    done = subprocess.run([sys.executable, *classify], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == class_by_torch(tmp_path / "model.pt2", photo)


def read_card(path):
    return [block.text for block in read(path).blocks if block.language == "python"]


def class_by_torch(path, photo):
    from pmfnas.training.data.fitting import fitted
    from pmfnas.training.data.pictures import read_picture

    stored = {"class_names.json": ""}
    model = torch.export.load(path, extra_files=stored).module()
    pixels = fitted(read_picture(photo).pixels, 16).transpose(2, 0, 1)[None]
    return json.loads(stored["class_names.json"])[int(model(torch.from_numpy(pixels.copy())).argmax())]

"""What an export writes, and what it never writes over: names of classes, a card that renders, a program that runs."""

import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from markdown_it import MarkdownIt

from harness.cli.main import main
from pmfnas.core.errors import InputError
from pmfnas.training.recipe import Recipe

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")
Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: no class folders here (extra train)")

from harness.search import export as export_module  # noqa: E402
from harness.search.card import class_names, retrain_command  # noqa: E402
from harness.search.export import export, targets  # noqa: E402
from harness.search.result import conclude  # noqa: E402
from harness.search.run import open_search, run_search  # noqa: E402
from harness.search.spec import SearchSpec, finished_search  # noqa: E402
from tests.support.training_runs import ticking, tiny_images  # noqa: E402

NAMES = ("a|b", "cat", "dog_*x*")
RECIPE = Recipe(channels=(4, 4, 8), cells_per_stage=1, batch_size=32)


@pytest.fixture(scope="module", autouse=True)
def without_onnx():
    """Leave out the ONNX file, which takes seconds; `test_retrain` and `test_own_networks` write it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_module, "find_spec", lambda name: None)
        yield


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Return the folder of a search on class folders that has ended, beside `photos`."""
    folder = tmp_path_factory.mktemp("searched")
    images = tiny_images(90, 5)
    for number, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        path = folder / "photos" / NAMES[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.transpose(1, 2, 0)).save(path)
    spec = SearchSpec("mine", folder / "photos", schedules=(1, 2), budget_s=600.0, searcher="asha", recipe=RECIPE)
    conclude(run_search(open_search(spec, folder / "out", resume=False), clock=ticking(5.0)), folder / "out")
    return folder


@pytest.fixture(scope="module")
def written(searched, tmp_path_factory):
    """The network of that search as a program, with its card."""
    return export(searched / "out", tmp_path_factory.mktemp("exported") / "it's.pt2")


@pytest.fixture
def out(searched, tmp_path):
    return shutil.copytree(searched / "out", tmp_path / "out")


def test_the_names_of_the_classes_are_in_result_card_and_program(searched, written):
    assert json.loads((searched / "out" / "result.json").read_text())["class_names"] == list(NAMES)
    stored = {"class_names.json": ""}
    torch.export.load(written.model, extra_files=stored)
    assert json.loads(stored["class_names.json"]) == list(NAMES)
    rows = cells_of(written.card.read_text())
    assert [row for row in rows if row[0] in ("0", "1", "2")] == [["0", "a|b"], ["1", "cat"], ["2", "dog_*x*"]]


def cells_of(card):
    """Return the cells of all tables of a card, as a browser shows them."""
    html = MarkdownIt("commonmark").enable("table").render(card)
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [[unescaped(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


def unescaped(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def test_every_row_of_the_card_renders_and_the_arch_stands_whole(searched, written):
    card, (claim, result) = written.card.read_text(), finished_search(searched / "out")
    rows = cells_of(card)
    assert {len(row) for row in rows} == {2}
    assert "arch" not in [row[0] for row in rows]
    assert f"```text\n{result['arch']}\n```" in card
    assert dict(rows)["test accuracy"] == f"{result['test_acc']:.2f} %, measured once, after the search"
    assert ", ".join(f"{value:.4f}" for value in claim["mean"]) in card
    assert "uint8 images (n, 3, 8, 8)" in card


def test_the_program_of_the_card_runs_as_written_without_a_warning(written):
    (program,) = re.findall(r"```python\n(.*?)```", written.card.read_text(), re.DOTALL)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=written.model.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    lines = ended.stdout.splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(rf"(?:{'|'.join(map(re.escape, NAMES))}): \d+\.\d %", f"{line[:-1]} %") for line in lines)
    model = torch.export.load(written.model).module()
    (best,) = set(model(torch.zeros(2, 3, 8, 8, dtype=torch.uint8)).argmax(dim=1).tolist())
    assert lines[0].startswith(f"{NAMES[best]}: ")


def test_a_search_that_noted_no_names_gives_numbers():
    assert class_names({}, {"n_classes": 3}) == ("0", "1", "2")


@pytest.mark.parametrize("name", ["model", "model.pt", "model.pth"])
def test_other_names_of_a_model_become_pt2_and_that_is_said(out, tmp_path, capsys, name):
    assert main(["export", str(out), "--to", str(tmp_path / name)]) == 0
    model = tmp_path / "model.pt2"
    assert f"--to is {tmp_path / name}; torch loads programs from files ending in .pt2, so the model is {model}" in (
        capsys.readouterr().out
    )
    assert zipfile.is_zipfile(model)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["model.md", "model.onnx", "model.v1", "photo.png"])
def test_a_name_of_another_kind_is_refused(out, tmp_path, name):
    with pytest.raises(InputError, match=re.escape(f"but a model ends in .pt2, as torch wants it; name it {name}.pt2")):
        export(out, tmp_path / name)
    assert not list(tmp_path.glob("model*"))


def test_no_file_of_the_search_and_no_text_of_others_is_replaced(out, tmp_path, capsys):
    (out / "table.md").write_text("precious")
    (out / "link.pt2").symlink_to(out / "incumbent.pt")
    (tmp_path / "README.md").write_text("# Thesis\n")
    (tmp_path / "dir.pt2").mkdir()
    before = {path: path.read_bytes() for path in [*out.rglob("*"), tmp_path / "README.md"] if path.is_file()}
    for to, message in (
        (out / "table.pt2", "the command reads that as the search"),
        (out / "link.pt2", "the command reads that as the search"),
        (tmp_path / "README.pt2", "would replace another text"),
        (tmp_path / "dir.pt2", "is a folder"),
        (out / "result.json" / "model.pt2", "whose folder cannot be made"),
    ):
        assert main(["export", str(out), "--to", str(to)]) == 2
        assert message in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_incumbent_pt_stays_what_it_was(out):
    before = (out / "incumbent.pt").read_bytes()
    assert main(["export", str(out), "--to", str(out / "incumbent.pt")]) == 0
    assert (out / "incumbent.pt").read_bytes() == before
    assert main(["export", str(out), "--to", str(out / "incumbent.pt2")]) == 0  # replaces its own
    assert zipfile.is_zipfile(out / "incumbent.pt2")


def test_where_an_export_cannot_go_it_is_refused_before_the_retraining(out, searched, monkeypatch, capsys):
    monkeypatch.setattr("harness.search.retrain.retrain", None)  # not reached
    arguments = ["export", str(out), "--retrain", "--data-dir", str(searched / "photos"), "--to"]
    for to in (out / "model.csv", out / "spec.json" / "m.pt2"):
        assert main([*arguments, str(to)]) == 2
        assert "--to is" in capsys.readouterr().err


def test_a_search_is_not_written_into_the_folder_of_its_images(searched, capsys):
    photos = searched / "photos"
    for verb in (["search"], ["search-compare", "--device", "cpu"]):
        arguments = [*verb, "--dataset", "mine", "--data-dir", str(photos), "--budget", "1m", "--out"]
        assert main([*arguments, str(photos / "out")]) == 2
        assert "is read with all that it holds; choose another --out" in capsys.readouterr().err
    assert sorted(path.name for path in photos.iterdir()) == sorted(NAMES)


def test_commands_are_quoted_for_a_shell():
    assert retrain_command({"dataset": "mine"}, "my out", "my photos") == (
        "python -m harness export 'my out' --to model.pt2 --retrain --data-dir 'my photos'"
    )


def test_targets_lie_side_by_side(out, tmp_path):
    found = targets(tmp_path / "new" / "model.v1.pt2", out)
    assert [path.name for path in (found.model, found.card, found.onnx)] == [
        "model.v1.pt2",
        "model.v1.md",
        "model.v1.onnx",
    ]

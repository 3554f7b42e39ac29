"""Tables and figures of a study, from frames with given scores: signs, order, words, points."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from harness.compare.studies import Study, Variant, ablation
from harness.compare.study_figures import difference_figure
from harness.compare.study_tables import StudyTable, described, markdown, terminal, where
from harness.players.ours import REFERENCE
from harness.show.panels import write_figure
from harness.show.render import csv
from harness.stats.variants import compare_variants
from tests.support.frames import runs_of

FULL = [72.0 + seed / 100 for seed in range(24)]
SHIFTS = {"no_brain": 0.5, "no_ballast": -0.25, "no_paint": 0.0}
"""Variant -> what its lack costs; the ballast only harms, the paint does nothing."""


def _variant(name: str, kind: str = "left out", change: str = "left out") -> Variant:
    return Variant(name, name.split("_")[1] if kind == "left out" else name.rsplit("_", 1)[0], kind, change, None)


STUDY = Study(
    "toy", "Toy parts", tuple(_variant(name) for name in SHIFTS), {3600.0: 24}, datasets=("cifar10", "cifar100")
)
SWEEP = replace(
    STUDY,
    variants=(
        _variant("width_halved", "halved", "2 -> 1"),
        _variant("width_doubled", "doubled", "2 -> 4"),
        _variant("depth_halved", "halved", "6 -> 3"),
    ),
    ranked=True,
    unvaried={"depth doubled": "refused: too deep | too slow"},
)


def _shifted(shifts: Mapping[str, float], full: Sequence[float] = FULL) -> dict[str, list[float]]:
    return {REFERENCE: list(full), **{name: [test - shift for test in full] for name, shift in shifts.items()}}


def _frame(study: Study, shifts: Mapping[str, float], budgets: Sequence[float] = (3600.0,)) -> pd.DataFrame:
    tests = {"cifar100": _shifted(shifts), "cifar10": _shifted(dict.fromkeys(shifts, 0.0))}
    runs = pd.concat([runs_of(tests).assign(budget_s=budget_s) for budget_s in budgets])
    return described(study, compare_variants(runs, reference=REFERENCE, rng=np.random.default_rng(0)))


PARTS_FRAME = _frame(STUDY, SHIFTS, (7200.0, 3600.0))
SWEEP_FRAME = _frame(SWEEP, {"width_halved": 0.1, "width_doubled": 0.05, "depth_halved": -0.4})


def _grid(text: str, heading: str) -> dict[str, list[str]]:
    block = text.split(f"## {heading}")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block.splitlines() if line[:1] == "|"]
    return {cells[0].replace("\\", "").strip(): cells[1:] for cells in rows}


def test_the_grid_has_one_sign_per_data_set_and_counts_them() -> None:
    grid = _grid(markdown(StudyTable(PARTS_FRAME, "Toy")), "Where it matters: test accuracy")
    assert grid["variant"] == ["1 h", "2 h", "+", "-"]
    assert grid["no_brain"] == ["= +", "= +", "2", "0"]
    assert grid["no_ballast"] == ["= -", "= -", "0", "2"]
    assert grid["no_paint"] == ["= =", "= =", "0", "0"]


def test_regret_has_the_same_signs_as_accuracy() -> None:
    text = markdown(StudyTable(PARTS_FRAME, "Toy"))
    regret, test = (_grid(text, f"Where it matters: {name}") for name in ("validation regret", "test accuracy"))
    assert regret == test


def test_differences_stand_with_interval_and_sign() -> None:
    block = _grid(markdown(StudyTable(PARTS_FRAME, "Toy")), "1 h, cifar100")
    assert block["no_brain"][:3] == ["24", "+0.500 +", "+0.500 to +0.500"]
    assert block["no_brain"][6] == "-0.500 +"  # regret: lower with the full searcher
    assert block["no_ballast"][1] == "-0.250 -"
    assert block["no_paint"][1] == "+0.000"
    assert block["no_paint"][3] == "1.000"


def test_parts_that_earn_nothing_are_named() -> None:
    text = markdown(StudyTable(PARTS_FRAME, "Toy")).replace("\\", "")
    assert "Nowhere significantly worse than the full searcher, by either measure: no_ballast, no_paint." in text
    assert "Somewhere significantly better than it, by either measure: no_ballast." in text


def test_every_table_names_its_data_and_n() -> None:
    for text in (markdown(StudyTable(PARTS_FRAME, "Toy")), terminal(StudyTable(PARTS_FRAME, "Toy"))):
        shown = " ".join(text.split())
        assert "ANCHORED data 0123456789ab; 2 workers; resume accounting; n = 24 at 1 h, n = 24 at 2 h" in shown


def test_few_seeds_make_no_claim() -> None:
    runs = runs_of({"cifar100": _shifted(SHIFTS, FULL[:3])})
    frame = described(STUDY, compare_variants(runs, reference=REFERENCE, rng=np.random.default_rng(0)))
    text = markdown(StudyTable(frame, "Toy")).replace("\\", "")
    assert "- n < 20: differences, no claim." in text
    assert "n = 3 at 1 h" in text
    grids = [_grid(text, f"Differences: {name}") for name in ("test accuracy", "validation regret")]
    assert grids == [
        {"variant": ["1 h"], "---": ["---:"], "no_brain": ["+0.50"], "no_ballast": ["-0.25"], "no_paint": ["="]},
        {"variant": ["1 h"], "---": ["---:"], "no_brain": ["-0.50"], "no_ballast": ["+0.25"], "no_paint": ["="]},
    ]
    block = _grid(text, "1 h, cifar100")
    assert block["variant"][:4] == ["n", "test difference", "test 95 % CI", "test detectable"]
    assert block["no_brain"][1] == "+0.500"
    assert "Nowhere significantly worse" not in text
    assert "?" not in text + terminal(StudyTable(frame, "Toy"))
    assert terminal(StudyTable(frame, "Toy")).count("no claim") == 1
    assert {"no_brain  +0.50", "no_ballast  -0.25"} <= {
        "  ".join(line.split()) for line in terminal(StudyTable(frame, "Toy")).splitlines()
    }


def test_a_variant_with_too_few_pairs_shows_its_difference_among_signs() -> None:
    runs = runs_of({"cifar100": _shifted(SHIFTS)})
    frame = described(
        STUDY,
        compare_variants(
            runs[(runs["searcher"] != "no_ballast") | (runs["seed"] < 4)],
            reference=REFERENCE,
            rng=np.random.default_rng(0),
        ),
    )
    grid = _grid(markdown(StudyTable(frame, "Toy")), "Where it matters: test accuracy")
    assert [grid[name] for name in SHIFTS] == [["+", "1", "0"], ["-0.25", "0", "0"], ["=", "0", "0"]]


def test_budgets_ascend_data_sets_and_variants_keep_the_order_of_the_study() -> None:
    assert list(PARTS_FRAME["budget_s"].unique()) == [3600.0, 7200.0]
    assert list(PARTS_FRAME["dataset"].unique()) == ["cifar10", "cifar100"]
    assert list(PARTS_FRAME["variant"].unique()) == list(SHIFTS)
    assert list(PARTS_FRAME["measure"][:2]) == ["test", "valid_regret"]


def test_a_ranked_study_lists_first_what_changes_most() -> None:
    assert list(SWEEP_FRAME["variant"].unique()) == ["depth_halved", "width_halved", "width_doubled"]


def test_changes_and_what_was_not_varied_are_shown() -> None:
    text = markdown(StudyTable(SWEEP_FRAME, "Toy", SWEEP.unvaried))
    assert _grid(text, "Where it matters: test accuracy")["width_doubled"][0] == "2 -\\> 4"
    assert text.endswith("- depth doubled: refused: too deep \\| too slow\n")
    assert "not varied: depth doubled" in terminal(StudyTable(SWEEP_FRAME, "Toy", SWEEP.unvaried))


def test_csv_reads_back_as_the_frame() -> None:
    pd.testing.assert_frame_equal(
        pd.read_csv(StringIO(csv(PARTS_FRAME)), keep_default_na=False, na_values=[], dtype={"fingerprint": str})[
            ["budget_s", "dataset", "variant", "measure", "n_pairs", "verdict"]
        ],
        PARTS_FRAME[["budget_s", "dataset", "variant", "measure", "n_pairs", "verdict"]],
        check_dtype=False,
    )


def test_where_counts_the_verdicts() -> None:
    table = where(PARTS_FRAME)
    assert list(table["measure"]) == ["test"] * 3 + ["valid_regret"] * 3
    brain = table.iloc[0]
    assert (brain["variant"], brain["1 h cifar10"], brain["2 h cifar100"]) == ("no_brain", "none", "helps")
    assert (brain["helps"], brain["harms"], brain["mixed"], brain["none"]) == (2, 0, 0, 2)


def test_lines_of_the_terminal_fit_its_width() -> None:
    assert max(map(len, terminal(StudyTable(SWEEP_FRAME, "Toy", SWEEP.unvaried)).splitlines())) <= 100


# ------------------------------------------------------------------------------------------------- figures


def _filled(figure: Figure, panel: int) -> dict[str, list[float]]:
    """Return the x of filled and hollow points of a panel."""
    points = [line for line in figure.axes[panel].lines if line.get_marker() not in ("None", "")]
    return {
        kind: sorted(float(line.get_xdata()[0]) for line in points if (line.get_markerfacecolor() == "white") == hollow)
        for kind, hollow in (("filled", False), ("hollow", True))
    }


def test_significant_points_are_filled_and_stand_at_their_difference() -> None:
    figure = difference_figure(PARTS_FRAME, "test")
    assert [panel.get_title() for panel in figure.axes] == ["cifar10", "cifar100"]
    assert _filled(figure, 0) == {"filled": [], "hollow": [0.0] * 6}
    points = _filled(figure, 1)
    assert points["filled"] == pytest.approx([-0.25, -0.25, 0.5, 0.5])
    assert points["hollow"] == [0.0, 0.0]
    regret = _filled(difference_figure(PARTS_FRAME, "valid_regret"), 1)
    assert regret["filled"] == pytest.approx([-0.5, -0.5, 0.25, 0.25])


@pytest.mark.parametrize(
    ("frame", "legend", "rows"),
    [
        (PARTS_FRAME, ["1 h", "2 h"], ["brain", "ballast", "paint"]),
        (SWEEP_FRAME, ["halved", "doubled"], ["depth", "width"]),
    ],
)
def test_rows_and_legend_say_what_is_drawn(frame, legend, rows) -> None:
    figure = difference_figure(frame, "test")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == legend
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == rows
    caption = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert "ANCHORED data 0123456789ab; 2 workers; resume accounting; n = 24 at 1 h" in caption
    assert "right of 0 the full searcher is better" in caption


def test_figure_files_parse_and_repeat(tmp_path: Path) -> None:
    first, again = (write_figure(difference_figure(PARTS_FRAME, "test"), tmp_path / n, "test") for n in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert first[1].read_bytes().startswith(b"%PDF-")


def test_the_real_study_keeps_its_order() -> None:
    study = ablation()
    shifts = {variant.name: 0.1 for variant in study.variants}
    assert list(_frame(study, shifts)["subject"].unique()) == [variant.subject for variant in study.variants]

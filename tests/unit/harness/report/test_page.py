"""The page: valid HTML without outside references, whose numbers are those of the tables, whatever the names are."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import html5lib
import pandas as pd
import pytest

from harness.cli.main import main
from harness.report.headers import MEANINGS
from harness.report.page import VENDOR, page, write_report
from harness.report.results import read_results
from harness.report.sections.why import why_section
from harness.show.sheet import Sheet
from harness.show.tables import markdown, said
from pmfnas.core.errors import DataError, InputError
from tests.support.frames import runs_of, some_runs
from tests.support.reported import RUN, folder_of

BANNER = "https://github.com/leeoniya/uPlot (v1.6.32)"
"""A comment of the plotting library."""
ODD = '<script>alert("a & b")</script>'
MONEY = "$x^2$ {{ 7 * 7 }}"

FEW = runs_of({"cifar10": {"asha": [93.0, 93.5], "pmf_nas": [93.4, 94.0]}})

SECTIONS = ["answer", "table", "regret", "ranks", "profiles", "targets", "seconds", "why", "overhead", "provenance"]


class Reader(HTMLParser):
    """What a page holds: tables by caption, images, charts, references, anchors and headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.pictures: list[dict[str, str]] = []
        self.charts: list[dict[str, str]] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self._caption, self._into = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.references += [given[name] for name in ("src", "href", "srcset", "action", "data") if name in given]
        self.ids += [given["id"]] if "id" in given else []
        if tag == "img":
            self.pictures.append(given)
        if "data-chart" in given:
            self.charts.append(given)
        if tag in ("table", "caption"):
            self._caption = ""
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        if tag in ("td", "th"):
            self.tables[self._caption][-1].append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append((tag, ""))
        if tag != "abbr":
            self._into = tag

    def handle_endtag(self, tag: str) -> None:
        if tag != "abbr":
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "caption":
            self._caption += data
        elif self._into in ("td", "th"):
            self.tables[self._caption][-1][-1] += data
        elif self._into in ("h1", "h2", "h3"):
            self.headings[-1] = (self._into, self.headings[-1][1] + data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return folder_of(tmp_path_factory.mktemp("results") / "small")


@pytest.fixture(scope="module")
def text(folder) -> str:
    return page(read_results(folder))


@pytest.fixture(scope="module")
def read(text) -> Reader:
    return Reader(text)


# ------------------------------------------------------------------------------------------------ the document


def test_the_page_is_valid_html(text):
    html5lib.HTMLParser(strict=True).parse(text)


def test_every_section_is_there_once_and_can_be_gone_to(read):
    assert [key for key in read.ids if key in SECTIONS] == SECTIONS
    assert [link[1:] for link in read.references if link.startswith("#") and link != "#content"] == SECTIONS
    assert len(read.ids) == len(set(read.ids))
    assert [level for level, _ in read.headings].count("h1") == 1
    assert read.headings[0] == ("h1", "Accuracy versus GPU-hours, small")


def test_the_page_refers_to_nothing_outside(text, read):
    assert all(link.startswith(("#", "data:")) for link in read.references)
    assert not re.search(r"url\(|@import|https?://", text.replace(BANNER, ""))
    for picture in read.pictures:
        drawn = base64.b64decode(picture["src"].partition("base64,")[2]).decode()
        assert drawn.startswith("<?xml")
        assert all(link.startswith("#") for link in re.findall(r'(?:href|src)="([^"]*)"', drawn))


def test_the_policy_allows_no_script_but_that_of_the_page(text):
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text


def test_the_plotting_library_is_the_one_that_is_noted():
    noted = (VENDOR / "README.md").read_text()
    for name in ("uPlot.iife.min.js", "uPlot.min.css"):
        assert f"`{hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()}` {name}" in noted
    assert BANNER in (VENDOR / "uPlot.iife.min.js").read_text()


def test_every_figure_says_what_it_shows(text, read):
    # accuracy, regret, profiles with the pooled one, two targets, the trace; seconds where records are
    assert len(read.charts) == 2 + 2 + 3 + 4 + 2
    assert read.pictures == []
    assert text.count('<figure class="bars">') == 1
    assert all(len(chart["aria-label"]) > 40 and chart["role"] == "img" for chart in read.charts)


def test_every_column_that_needs_it_is_explained(text):
    titles = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', text)
    plain = {re.sub(r"<[^>]+>", "", title) for title in titles if "<abbr" not in title}
    shares = {title for title in plain if "%" in title or title.startswith("≤")}
    fidelities = {title for title in plain if "@" in title}
    assert plain - shares - fidelities == {"cifar10", "cifar100", "entry", "value", "searchers", "packages"}
    for title, told in MEANINGS.items():
        assert title
        assert told != title


# ------------------------------------------------------------------------------------------------- the numbers


def bare(cell: str) -> str:
    """A cell of table.md without its marks and escapes."""
    return re.sub(r"\\(.)", r"\1", cell.strip().strip("*"))


def test_every_number_of_the_tables_is_that_of_table_md(folder, read):
    lines = markdown(read_results(folder).table()).splitlines()
    rows = [[bare(cell) for cell in line.strip("| ").split(" | ")] for line in lines if line.startswith("|")]
    wanted = [row for row in rows if not set(row[0]) <= {"-"}]
    shown = [[cell.strip() for cell in row] for table in read.tables.values() for row in table]
    assert len(wanted) > 2 * 5
    assert [row for row in wanted if row not in shown] == []


def test_the_answer_is_that_of_the_table(folder, text):
    table = read_results(folder).table()
    assert html.escape(said(table), quote=False) in text
    assert text.index(html.escape(said(table), quote=False)) < text.index("data-chart") < text.index("<table")


def test_the_curves_end_at_the_means_of_the_table(folder, read):
    summary = read_results(folder).table().summary.set_index(["dataset", "searcher"])
    for column, charts in (("test_mean", read.charts[:2]), ("test_regret_mean", read.charts[2:4])):
        for dataset, chart in zip(("cifar10", "cifar100"), charts, strict=True):
            given = json.loads(chart["data-chart"])
            assert {one["name"] for one in given["series"]} == {"asha", "most_params", "pmf_nas", "random_search"}
            for one in given["series"]:
                assert one["mean"][-1] == pytest.approx(summary.loc[(dataset, one["name"]), column], abs=0.005)
                assert one["low"][-1] <= one["mean"][-1] <= one["high"][-1]
                assert len(one["mean"]) == len(given["at"])


def test_three_data_sets_have_a_diagram_of_ranks_with_its_numbers_in_a_table(tmp_path):
    runs = some_runs()
    third = runs[runs["dataset"] == "cifar10"].assign(dataset="ImageNet16-120")
    text = page(read_results(folder_of(tmp_path, pd.concat([runs, third], ignore_index=True), with_record=False)))
    (diagram,) = Reader(text).pictures
    assert len(diagram["alt"]) > 40
    assert int(diagram["width"]) > 0
    told = [number for number in numbers(diagram["alt"].partition(".")[2]) if "." in number]
    assert len(told) == 4
    assert set(told) <= {cell for rows in Reader(text).tables.values() for row in rows for cell in row}
    assert "3 data sets are few for this method: it can tell apart only the best and the worst." in text
    assert "A bar joins searchers" in text


def test_every_number_beside_a_chart_is_in_a_table(read):
    cells = {number for rows in read.tables.values() for row in rows for cell in row for number in numbers(cell)}
    for alt in (chart["aria-label"] for chart in read.charts[:4]):
        told = [number for number in numbers(alt.partition(".")[2]) if "." in number]
        assert told
        assert set(told) <= cells


def numbers(text: str) -> list[str]:
    return re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])", text)


def test_the_curves_in_numbers_are_the_means_of_the_runs(folder, read):
    runs = read_results(folder).runs
    rows = read.tables["Mean test regret (points) after a share of the budget, cifar10"]
    assert rows[0][1:] == ["5% (0.05 h)", "10% (0.10 h)", "25% (0.25 h)", "50% (0.50 h)", "100% (1.00 h)"]
    for name, *cells in rows[1:]:
        end = runs[(runs["dataset"] == "cifar10") & (runs["searcher"] == name)]["test_regret"].mean()
        # Two points worse from 100 s on, the final arch from 600 s on.
        assert cells == [f"{end + 2:.2f}"] * 2 + [f"{end:.2f}"] * 3


def test_overhead_is_the_mean_of_the_timings(read):
    rows = read.tables["Seconds inside the searcher per run, all data sets"]
    assert [row[:4] for row in rows[1:]] == [
        [name, "48", "1.5", "1.5"] for name in ("asha", "most_params", "pmf_nas", "random_search")
    ]
    # 10 + seed evaluations, seeds 0 to 23, on two data sets; 1.5 s of 3,600 s
    assert rows[1][4:] == [f"{1000 * 48 * 1.5 / (2 * (240 + 276)):.3g}", f"{100 * 1.5 / 3600:.4f}"]


def test_arrivals_are_those_of_progress_csv(folder, read):
    progress = read_results(folder).progress
    rows = read.tables["Arrivals at a test regret of 0.5 points, cifar100"]
    own = progress[(progress["target"] == 0.5) & (progress["dataset"] == "cifar100")].set_index("searcher")
    assert {row[0] for row in rows[1:]} == set(own.index)
    for name, n, arrived, censored, _, mean, _ in rows[1:]:
        assert (n, arrived) == ("24", f"{100 * own.loc[name, 'reached_share']:.0f}")
        assert int(censored) == round(24 * (1 - own.loc[name, "reached_share"]))
        assert mean == f"{own.loc[name, 'restricted_mean_hours']:.2f}"


def test_the_ranks_come_with_their_caution(text):
    assert "No diagram: 2 data sets are too few to tell apart any two searchers by their ranks" in text
    # q(.05, 4 searchers) = 2.569 of Demšar 2006, table 5a; 2 data sets
    assert f"critical difference at 5 %, here {2.569 * (4 * 5 / 12) ** 0.5:.2f} ranks of 3 possible" in text
    assert "A bar joins" not in text


# ------------------------------------------------------------------------------------------ seconds and the trace


def test_seconds_by_stage_are_those_of_the_record(read):
    rows = read.tables["pmf_nas: GPU-hours per run (share of those paid) by stage"]
    # 31 s per start, 4 of them; 12@12 and the cut-off rest of 400 s: see tests.support.explained
    assert [row[0] for row in rows[1:]] == ["explore 12@3", "region 12@3", "region 12@12", "refine 200@200"]
    assert rows[1][1] == f"{93 / 3600:.2f} ({100 * 93 / 400:.0f} %)"
    assert rows[4][1] == f"{94 / 3600:.2f} ({100 * 94 / 400:.0f} %)"


def test_the_trace_says_mean_uncertainty_potential_and_decision(read):
    rows = read.tables[f"{RUN}: all requests"]
    assert len(rows) == 1 + 7
    assert dict(zip(rows[0], rows[1], strict=True)) | {"arch": ""} == {
        **{"#": "0", "time": "0:00:00", "stage": "explore", "action": "start", "trains": "12@3"},
        **{"mean ± std": "70.00 ± 2.50", "potential": "1.25", "p best": "0.5", "gain/h": "0.3"},
        **{"paid s": "31.0", "came out": "valid 10.03, new incumbent", "arch": ""},
    }
    promoted = read.tables[f"{RUN}: requests above the lowest fidelity (3)"]
    assert [row[3] for row in promoted[1:]] == ["continue", "continue", "promote"]


def test_a_run_that_is_not_there_is_refused(folder):
    with pytest.raises(InputError, match=r"RUN is 'nb201-cifar10/asha/s0001', but .* holds no such run; it holds"):
        why_section(read_results(folder), "nb201-cifar10/asha/s0001")


def test_without_records_the_page_says_so(tmp_path):
    shown = page(read_results(folder_of(tmp_path, FEW, with_record=False)))
    assert "holds no record of a run that is ok" in shown
    assert "so there is no trace" in shown


@pytest.mark.parametrize("runs", [FEW, FEW[FEW["searcher"] == "asha"]], ids=["one data set", "one searcher"])
def test_where_there_is_nothing_to_rank_there_are_no_ranks(tmp_path, runs):
    read = Reader(page(read_results(folder_of(tmp_path, runs, with_record=False))))
    assert "answer" in read.ids
    assert "ranks" not in read.ids


# ------------------------------------------------------------------------------------------------ odd contents


def test_names_are_shown_as_they_are(tmp_path):
    runs = runs_of({"cifar100": {ODD: [70.0, 71.0], MONEY: [70.5, 71.5], "_x": [70.0, 71.0]}}).assign(dataset=ODD)
    shown = page(read_results(folder_of(tmp_path, runs, with_record=False)))
    html5lib.HTMLParser(strict=True).parse(shown)
    assert ODD not in shown
    assert shown.count("<script") == 1
    assert MONEY in shown
    assert any(row[0] == MONEY for rows in Reader(shown).tables.values() for row in rows)


def test_a_verdict_is_rendered_without_its_html(tmp_path):
    folder = folder_of(tmp_path, FEW, with_record=False)
    (folder / "verdict.md").write_text("# Verdict: x\n\n## cifar10\n\n**mine is better**\n\n- <b onclick='x'>raw</b>\n")
    shown = page(read_results(folder))
    html5lib.HTMLParser(strict=True).parse(shown)
    assert "<strong>mine is better</strong>" in shown
    assert "<b onclick" not in shown
    assert [text for level, text in Reader(shown).headings if level == "h3"] == ["cifar10"]
    assert Reader(shown).ids.index("verdict") < Reader(shown).ids.index("table")


def test_failed_runs_are_named_and_nothing_is_claimed(tmp_path):
    runs = FEW.assign(**{"why": FEW["why"].where(FEW["searcher"] != "asha", "ask raised KeyError")})
    failed = runs["searcher"] == "asha"
    runs.loc[failed, "status"] = "failed"
    runs.loc[failed, ["test", "valid", "test_regret", "valid_regret"]] = float("nan")
    shown = page(read_results(folder_of(tmp_path, runs, with_record=False)))
    assert "asha on cifar10: 2 failed runs, left out everywhere; for instance: ask raised KeyError" in shown
    assert "Fewer than 20 seeds for every searcher: numbers, no claim." in shown
    assert "4, of which 2 failed" in shown


def test_a_folder_whose_runs_all_failed_has_a_page(tmp_path):
    runs = some_runs(2).assign(status="failed", why="no start", test=float("nan"), test_regret=float("nan"))
    shown = page(read_results(folder_of(tmp_path, runs, with_record=False)))
    assert Reader(shown).pictures == []
    assert "no start" in shown


# ---------------------------------------------------------------------------------------------------- bad input


def test_the_command_writes_the_same_page_where_it_is_told(folder, text, tmp_path, capsys):
    assert main(["report", str(folder), "--out", str(tmp_path / "new" / "page.html"), "--run", RUN]) == 0
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8") == text
    assert "page.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("spec.json", "is not a folder of results"),
        ("runs.parquet", "no runs.parquet: its outputs are not made yet"),
        ("manifest.json", "no manifest.json: its outputs are not made yet"),
    ],
)
def test_a_folder_that_lacks_a_file(tmp_path, capsys, broken, message):
    folder = folder_of(tmp_path, some_runs(2))
    (folder / broken).unlink()
    assert main(["report", str(folder)]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    "ascending",
    [
        ["8:00:32", "8:02:40", "10:00:00"],
        ["55 s", "1.5 h", "95 min", "2 h 5 min"],
        ["<.001", ".001", "0.5"],
        ["12@3", "12@12", "12@12 from 3", "12@12 from 3 r1", "200@200"],
        ["-1.5 to 2", "-0.5 to +0.3", "0.1"],
        ["9.1±.2", "94.37±0.12"],
        ["asha", "bohb", "valid 9.1", "valid 88.2"],
    ],
)
def test_cells_are_ordered_by_what_they_mean(ascending):
    cells = [*reversed(ascending), "-", "n<20", "ref"]
    places = [row[0] for row in Sheet("", ("column",), tuple((cell,) for cell in cells)).order]
    assert places == [*reversed(range(len(ascending))), None, None, None]


@pytest.mark.parametrize("damaged", ["runs.parquet", "steps.parquet", "manifest.json", "verdict.md", "progress.csv"])
def test_a_damaged_file_is_named(tmp_path, damaged):
    folder = folder_of(tmp_path, some_runs(2))
    (folder / damaged).write_bytes(b"\xff\xfe damaged \x00")
    with pytest.raises(DataError, match=f"{re.escape(damaged)} is damaged"):
        write_report(folder, tmp_path / "report.html")


def test_a_path_that_is_not_a_folder(tmp_path, capsys):
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "does not exist; give a folder that a verb has made" in capsys.readouterr().err

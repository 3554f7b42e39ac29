"""Renderings: what must stand in each, what is escaped, and that they are whole and repeatable."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.score.published import published
from harness.show import tables
from harness.show.render import TERMINAL_WIDTH
from harness.show.tables import Table, write_tables
from harness.stats.summary import SUMMARY_COLUMNS, summarise, without_host
from tests.support.frames import runs_of, some_runs, timings_of


def table_of(runs: pd.DataFrame, **around: object) -> Table:
    return Table(summarise(runs, timings_of(runs), rng=np.random.default_rng(0)), **around)


@pytest.fixture(scope="module")
def table() -> Table:
    runs = some_runs()
    failed = (runs["searcher"] == "asha") & (runs["seed"] < 2)
    runs.loc[failed, ["status", "why"]] = ["failed", "KeyError: 'a_b' | 100 % & {x} \\ ~^#$ <é>"]
    few = (runs["searcher"] == "most_params") & (runs["seed"] > 4)
    return table_of(runs[~few], published=published(), ceilings={"cifar10": {"best test": 94.373}})


RENDERINGS = [tables.markdown, tables.latex, tables.terminal]


@pytest.mark.parametrize("render", RENDERINGS)
def test_every_rendering_names_data_rules_and_n(table: Table, render) -> None:
    text = " ".join(render(table).split())
    for dataset in ("cifar10", "cifar100"):
        assert dataset in text
    assert text.count("ANCHORED data 0123456789ab; budget 1.00 h; 2 workers; resume accounting; n = 5 to 24") == 2
    assert text.count("no claim for most") == (2 if render is tables.latex else 1), "once a table, or once a caption"
    assert text.count("best test 94.37") == 1
    assert "asha: 2 failed, left out: 2 x KeyError" in text
    assert re.search(r"Holm over the 4 comparisons", text)


@pytest.mark.parametrize("render", RENDERINGS)
def test_published_rows_stand_below_with_their_marks(table: Table, render) -> None:
    text = render(table)
    assert text.index("Published, for reference only") > text.rindex(
        "most\\_params" if "\\_" in text else "most_params"
    )
    assert "Published" not in render(Table(table.summary))
    if render is not tables.terminal:
        assert "10.1145/3638529.3654027" in text


def test_the_csv_holds_our_rows_and_nothing_else(table: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(tables.csv(table))))
    assert len(rows) == 8
    assert tuple(rows[0]) == SUMMARY_COLUMNS
    assert {row["data"] for row in rows} == {"ANCHORED"}
    assert {row["fingerprint"] for row in rows} == {"0123456789abcdef"}
    few = [row for row in rows if row["searcher"] == "most_params"]
    assert [(row["p_value"], row["effect"], row["claim"]) for row in few] == [("", "", "n < 20: no claim")] * 2
    again = pd.read_csv(io.StringIO(tables.csv(table)))
    assert again["test_mean"].to_numpy() == pytest.approx(table.summary["test_mean"].to_numpy(), abs=1e-4)


def test_markdown_rows_are_whole_and_escaped(table: Table) -> None:
    lines = tables.markdown(table).splitlines()
    blocks: dict[int, int] = {}
    for line in lines:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            blocks[len(cells)] = blocks.get(len(cells), 0) + 1
    assert blocks == {9: 2 * (2 + 4), 6: 2 + 4, 8: 2 + len(published())}, "at most nine columns of ours"
    assert "| REA | 93.92±0.30 (91.19±0.31) | 71.84±0.99 (71.81±1.12) |" in tables.markdown(table)
    assert "| RoBoT | 94.36±0.00 | 73.51±0.00 |" in tables.markdown(table)
    assert "**pmf\\_nas**" in tables.markdown(table)
    assert "'a\\_b' \\| 100 % & {x} \\\\ ~^\\#$ \\<é\\>" in tables.markdown(table)


def test_latex_is_balanced_escaped_and_ascii(table: Table) -> None:
    text = tables.latex(table)
    assert text.isascii()
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    for environment in ("table", "tabular"):
        assert body.count(f"\\begin{{{environment}}}") == body.count(f"\\end{{{environment}}}") == 4
    assert len(re.findall(r"(?<!\\)\{", body)) == len(re.findall(r"(?<!\\)\}", body))
    assert body.count("\\toprule") == body.count("\\midrule") == body.count("\\bottomrule") == 4
    rows = [line for line in body.splitlines() if line.endswith("\\\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {8, 5}
    outside = re.sub(r"\$[^$]*\$", "", body.replace("\\$", "").replace("\\_", "").replace("\\#", "").replace("\\%", ""))
    assert not re.search(r"[_#^~%$<>]", outside)
    assert r"100 \% \& \{x\} \textbackslash{} \textasciitilde{}\textasciicircum{}\#\$ $<$\textbackslash{}xe9$>$" in body


def test_the_terminal_is_readable_at_its_width(table: Table) -> None:
    lines = tables.terminal(table).splitlines()
    assert max(map(len, lines)) <= TERMINAL_WIDTH
    row = next(line for line in lines if line.startswith("* pmf_nas"))
    assert re.fullmatch(r"\* pmf_nas +24 +9\d\.\d\d±0\.\d\d +9\d\.\d\d-9\d\.\d\d +9\d\.\d\d±.* ref +-", row)
    assert any(re.match(r"  asha +22\+2f ", line) for line in lines)
    assert any(re.match(r"  most_params +5 .*n<20 +-$", line) for line in lines)
    assert any(re.match(r"  random_search +24 .* <\.001 +-[01]\.\d\d$", line) for line in lines)


def test_a_long_name_gives_way_in_the_terminal() -> None:
    name = "an_uncommonly_long_name_of_a_searcher_that_nobody_would_want_to_type"
    lines = tables.terminal(table_of(runs_of({"cifar10": {name: [93.0, 92.0], "asha": [91.0, 92.0]}}))).splitlines()
    assert max(map(len, lines)) <= TERMINAL_WIDTH
    assert any(line.startswith("  an_uncommonly_long") and "…" in line for line in lines)


@pytest.mark.parametrize("render", [*RENDERINGS, tables.csv])
def test_columns_of_the_host_can_be_left_out(table: Table, render) -> None:
    kept, dropped = render(table), render(Table(without_host(table.summary)))
    assert bool(re.search(r"fit s|searcher_s", kept)) is (render is tables.csv), "only the CSV has the host's seconds"
    assert not re.search(r"fit s|searcher_s", dropped)
    full = tables.sheets(table, "full")[0].titles
    assert "fit s" in full
    assert "fit s" not in tables.sheets(Table(without_host(table.summary)), "full")[0].titles


@pytest.mark.parametrize("render", [*RENDERINGS, tables.csv])
def test_single_runs_failures_and_no_reference_are_rendered(render) -> None:
    runs = runs_of({"cifar10": {"asha": [93.0], "bohb": [92.0]}})
    runs.loc[runs["searcher"] == "bohb", ["status", "test", "valid", "incumbent_hours"]] = ["failed", None, None, None]
    text = render(table_of(runs))
    assert "nan" not in text
    assert "None" not in text
    assert "no claim" in text


@pytest.mark.parametrize("render", [tables.markdown, tables.terminal])
def test_too_few_seeds_are_one_line(render) -> None:
    runs = some_runs()
    one = (runs["searcher"] == "asha") & (runs["dataset"] == "cifar10") & (runs["seed"] > 4)
    everybody = render(table_of(runs[runs["seed"] < 3]))
    details = everybody.replace("\\", "").partition("## cifar10" if render is tables.markdown else "\n")[2]
    assert [line.lstrip("- ") for line in details.splitlines() if "no claim" in line] == ["n < 20: no claim."]
    assert "n < 20: no claim for asha on cifar10." in render(table_of(runs[~one])).replace("\\", "")
    assert "no claim" not in render(table_of(runs))


def test_the_table_over_all_data_sets_is_first_in_files_and_last_on_a_screen(table: Table) -> None:
    sentence = (
        "On ANCHORED data (cifar10 and cifar100; 5 to 24 seeds, 2 GPU-hours), pmf_nas has the best mean rank, 1.0"
    )
    page, screen = tables.markdown(table).replace("\\", ""), tables.closing(table)
    paper = tables.latex(table).replace("\\_", "_")
    assert page.index("## All data sets") < page.index(sentence) < page.index("## cifar10")
    assert paper.index("tab:overall") < paper.index("tab:cifar10")
    assert f"All data sets. {sentence}" in " ".join(paper.split())
    assert screen.startswith("All data sets\n")
    assert " ".join(screen.split("\n\n")[-1].split()).startswith(sentence)
    assert "All data sets" not in tables.terminal(table)
    assert next(row["searcher"] for row in csv.DictReader(io.StringIO(tables.overall_csv(table)))) == "pmf_nas"


def test_columns_give_way_on_a_narrow_screen(table: Table, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = (tables.terminal(Table(table.summary)) + tables.closing(table)).splitlines()
    assert max(map(len, lines)) <= 60
    assert "Not shown, since the screen is narrow: hit %, GPU-h" in "\n".join(lines)
    monkeypatch.setenv("COLUMNS", "200")
    assert "Not shown" not in tables.terminal(table)


def test_the_legend_names_the_schedule_only_where_it_is_known() -> None:
    assert "90-epoch validation, trial-mean test" in tables.markdown(table_of(some_runs(), n_epochs=90))
    assert "validation after the longest schedule, trial-mean test" in tables.markdown(table_of(some_runs()))


def test_the_legend_says_what_the_numbers_rest_on() -> None:
    runs = some_runs()
    assert "against pmf_nas; Holm over the 6 comparisons" in tables.markdown(table_of(runs))
    alone = runs[runs["searcher"] == "asha"]
    assert "not made: the reference has no runs" in tables.markdown(table_of(alone))


def test_the_files_are_written_and_repeatable(table: Table, tmp_path: Path) -> None:
    first, again = (write_tables(table, tmp_path / name, host_columns=False) for name in ("a", "b"))
    assert [path.name for path in first] == ["table.md", "table.csv", "table.tex", "summary.csv"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert "searcher_s" not in first[1].read_text()
    with_host = write_tables(table, tmp_path / "a", stem="table2")
    assert "searcher_s" in with_host[1].read_text()
    assert b"\r" not in first[1].read_bytes()
    assert len(list((tmp_path / "a").iterdir())) == 7

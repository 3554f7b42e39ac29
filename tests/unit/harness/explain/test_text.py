"""What a reader sees: columns by what the record has, heads where a stage begins, sums, and CSV without rounding."""

import csv
import io

import pytest

from harness.explain.reading import read_run
from harness.explain.text import NO_REASONS, Chosen, clock, recommendation, summary, trace, trace_csv
from pmfnas.core.errors import InputError
from pmfnas.core.types import Measure, Submit, Train, Wait
from tests.support.explained import STAGED, TEXT, WHY, asked, by_hand, kept
from tests.support.fakes import A, B, C, play, submit


@pytest.fixture
def staged(tmp_path):
    return read_run(by_hand(STAGED, tmp_path))


def line_of(text: str, number: int) -> str:
    """The line of the trace about a ticket."""
    return next(line for line in text.splitlines() if line.split()[:1] == [str(number)])


# ---------------------------------------------------------------------------------------------------- trace


def test_the_trace_begins_with_what_the_run_was(staged):
    head = trace(staged).splitlines()[:3]
    assert head == [
        "nb201-cifar100/scripted/s0007",
        "SYNTHETIC data 0123456789ab, budget 0.111111 h, 1 worker, resume accounting",
        "ok, ended after 0:06:40: budget",
    ]


def test_a_line_holds_all_that_was_decided_and_came_out(staged):
    text = trace(staged)
    heading = next(line for line in text.splitlines() if line.lstrip().startswith("#"))
    names = ["#", "time", "stage", "action", "trains", "mean ± std", "potential", "p best", "gain/h", "paid s"]
    places = [heading.index(name) for name in [*names, "came out", "arch"]]
    assert places == sorted(places)
    assert line_of(text, 0).split() == [
        *("0", "0:00:00", "explore", "start", "12@3", "70.00", "±", "2.50", "1.25", "0.5", "0.3", "31.0"),
        *("valid", "10.03,", "new", "incumbent", TEXT["A"]),
    ]
    assert line_of(text, 3).split()[2:9] == ["region", "continue", "12@12", "from", "3", "72.50", "±"]


def test_a_field_that_a_line_lacks_is_a_dash_and_a_tiny_figure_is_no_noise(staged):
    assert line_of(trace(staged), 4).split()[10:13] == ["-", "0.05", "-"]
    assert "<1e-06" in line_of(trace(staged), 1)
    assert "2e-09" not in trace(staged)


def test_nothing_and_a_loss_are_figures_too(tmp_path):
    decision = asked(Train(A, "12", 0, 1), "explore", "start", potential=0.0, p_best=1e-7, gain_per_hour=-2e-9)
    words = line_of(trace(read_run(by_hand([decision], tmp_path))), 0).split()
    assert words[5:8] == ["0", "<1e-06", "-2e-09"]


def test_a_stage_is_headed_with_the_reason_of_its_beginning(staged):
    lines = trace(staged).splitlines()
    at = lines.index("== region: 0:01:33 to 0:05:06, 3 requests, 0:03:33 paid ==")
    assert lines[at - 1] == ""
    assert lines[at + 1 : at + 3] == [f"explore ended: {WHY}", ""]
    assert lines[at + 3].split()[0] == "3"
    last = lines.index("== refine: 0:05:06 to 0:06:40, 1 request, 0:01:34 paid ==")
    assert lines[last + 1] == "region ended: the record does not say why"
    assert sum(line.startswith("==") for line in lines) == 3


def test_a_long_reason_is_wrapped(tmp_path):
    why = "the next second is worth more elsewhere " * 6
    script = (asked(Train(A, "12", 0, 1), "a", "start"), asked(Train(B, "12", 0, 1), "b", "start", moved_on=why))
    lines = trace(read_run(by_hand(script, tmp_path))).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("a ended:"))
    told = " ".join(lines[at : lines.index("", at)])
    assert told == f"a ended: {why.strip()}"
    assert all(len(line) <= 110 for line in lines[at : at + 3])


@pytest.mark.parametrize(
    ("chosen", "numbers", "head"),
    [
        (Chosen(last=2), ["5", "6"], "== region, gone on with =="),
        (Chosen(stage="region"), ["3", "4", "5"], f"explore ended: {WHY}"),
        (Chosen(stage="region", last=1), ["5"], "== region, gone on with =="),
        (Chosen(last=99), ["0", "1", "2", "3", "4", "5", "6"], "== explore: 0:00:00 to 0:01:33"),
    ],
)
def test_a_part_of_the_trace(staged, chosen, numbers, head):
    text = trace(staged, chosen)
    assert [line.split()[0] for line in text.splitlines() if "@" in line and line.split()[0].isdecimal()] == numbers
    assert head in text
    assert ("Shown are" in text) == (len(numbers) < 7)
    assert "Recommended, best first:" in text


def test_a_stage_that_is_not_there(staged, tmp_path):
    with pytest.raises(InputError, match=r"--stage is 'late', but for .* must be one of: explore, region, refine"):
        trace(staged, Chosen(stage="late"))
    plain = read_run(by_hand([submit(Train(A, "12", 0, 1))], tmp_path / "plain"))
    with pytest.raises(InputError, match=r"--stage is 'late', but for .* must be left out: it names none"):
        trace(plain, Chosen(stage="late"))


def test_without_reasons_their_columns_are_absent_and_it_is_said_once(tmp_path):
    text = trace(read_run(by_hand([submit(Train(A, "12", 0, 1)), submit(Train(B, "12", 0, 1))], tmp_path)))
    assert text.count(NO_REASONS) == 1
    assert "stage  " not in text
    assert "mean" not in text
    assert line_of(text, 1).split() == [
        "1",
        "0:00:11",
        "12@1",
        "11.0",
        "valid",
        "20.01,",
        "new",
        "incumbent",
        TEXT["B"],
    ]


def test_fields_of_other_searchers_get_columns_of_their_own(tmp_path):
    script = [
        Submit((Train(A, "12", 0, 1),), ({"bracket": "s=3", "density": 0.123456},)),
        Submit((Train(B, "12", 0, 1),), ({"density": float("nan")},)),
    ]
    text = trace(read_run(by_hand(script, tmp_path)))
    assert NO_REASONS not in text
    assert "bracket" in text
    assert line_of(text, 0).split()[3:5] == ["s=3", "0.1235"]
    assert line_of(text, 1).split()[3:5] == ["-", "nan"]


def test_words_of_a_searcher_cannot_break_a_line(tmp_path):
    script = (
        asked(Train(A, "12", 0, 1), "a\nb", "x\x1b[31m\ty"),
        asked(Train(B, "12", 0, 1), "c", "start", moved_on="one\n\ntwo\x07"),
    )
    explained = read_run(by_hand(script, tmp_path))
    text = trace(explained) + summary(explained)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "x [31m y" in line_of(text, 0)
    assert "a b ended: one  two" in text
    assert "\nb" not in text


def test_what_came_out_of_every_kind(tmp_path):
    script = [
        submit(Train(A, "12", 0, 1)),  # diverges
        submit(Train(C, "12", 0, 3, (1, 3))),
        submit(Train(C, "12", 0, 1)),
        submit(Train(B, "12", 0, 1, replicate=5)),
        submit(Train(B, "200", 0, 2, ())),
        Submit((Measure(B, "latency_ms"),)),
    ]
    text = trace(read_run(by_hand(script, tmp_path, diverging=A)))
    assert "  diverged  " in line_of(text, 0)
    assert "valid 30.03, new incumbent" in line_of(text, 1)
    assert "valid 30.01 (known, free)" in line_of(text, 2)
    assert "12@1 r5" in line_of(text, 3)
    assert "failed: replicate 5 does not exist" in line_of(text, 3)
    assert "train 0.20" in line_of(text, 4)
    assert line_of(text, 5).split()[2:5] == ["latency_ms", "5.0", "2"]


def test_an_incumbent_that_is_another_arch_is_named_by_its_first_request(tmp_path):
    class Fickle:
        """Recommends what it was told of first once it was told twice."""

        def __init__(self):
            self.told = []

        def ask(self, running, remaining_s):
            del remaining_s
            todo = (A, B)[len(self.told) :]
            return Wait() if running else submit(Train((*todo, C)[0], "12", 0, 1))

        def tell(self, ticket, outcome):
            del outcome
            self.told.append(ticket.request.arch)

        def recommend(self):
            return [self.told[0] if len(self.told) == 3 else self.told[-1]]

    text = trace(read_run(kept(play(Fickle(), budget_s=33.0), tmp_path)))
    assert "valid 30.01, new incumbent (arch of #0)" in line_of(text, 2)


def test_several_workers_are_told_apart(tmp_path):
    script = [submit(Train(A, "12", 0, 12), Train(B, "12", 0, 1), Train(C, "12", 0, 1))]
    text = trace(read_run(by_hand(script, tmp_path, n_workers=2)))
    assert "2 workers" in text
    assert [line_of(text, n).split()[2] for n in range(3)] == ["0", "1", "1"]


def test_the_recommendation_says_what_is_known(staged):
    assert recommendation(staged) == (
        f"Recommended, best first:\n  1. {TEXT['D']}  valid 40.03 at 12@3, first asked for in #5"
    )


def test_a_run_without_requests_says_so(tmp_path):
    explained = read_run(by_hand([], tmp_path))
    assert "The record holds no request." in trace(explained)
    assert "Recommended: nothing" in trace(explained)
    assert NO_REASONS not in trace(explained)
    assert "Funnel: -" in summary(explained)
    assert trace_csv(explained).count("\n") == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (30_600, "8:30:00"), (1e6, "277:46:40")]
)
def test_times_of_the_clock(seconds, text):
    assert clock(seconds) == text


# ------------------------------------------------------------------------------------------- summary and CSV


def test_the_summary_adds_up(staged):
    lines = [line.split() for line in summary(staged).splitlines() if line]
    assert lines[1] == ["stage", "fidelity", "requests", "archs", "went", "on", "lost", "paid", "share"]
    assert lines[2:8] == [
        ["explore", "12@3", "3", "3", "2", "0", "0:01:33", "23.2", "%"],
        ["region", "12@3", "1", "1", "0", "0", "0:00:31", "7.8", "%"],
        ["region", "12@12", "2", "2", "1", "0", "0:03:02", "45.5", "%"],
        ["refine", "200@200", "1", "1", "0", "1", "0:01:34", "23.5", "%"],
        ["total", "7", "4", "1", "0:06:40", "100.0", "%"],
        ["idle", "0:00:00", "0.0", "%"],
    ]
    assert summary(staged).endswith("Funnel: 12@3 4 -> 12@12 2 -> 200@200 0\n")


def test_idle_workers_are_in_the_summary(tmp_path):
    script = [submit(Train(A, "12", 0, 1), Train(B, "12", 0, 12)), Wait()]
    text = summary(read_run(by_hand(script, tmp_path, n_workers=2)))
    assert "stage" not in text
    assert "idle" in text
    assert next(line for line in text.splitlines() if line.startswith("idle")).split() == [
        "idle",
        "0:01:50",
        "45.5",
        "%",
    ]


def test_csv_holds_every_field_unrounded(staged):
    rows = list(csv.DictReader(io.StringIO(trace_csv(staged))))
    assert [row["number"] for row in rows] == list("0123456")
    assert (rows[0]["stage"], rows[0]["mean"], rows[1]["gain_per_hour"]) == ("explore", "70.0", "2e-09")
    assert (rows[3]["moved_on"], rows[4]["moved_on"], rows[3]["potential"]) == (WHY, "", "")
    assert (rows[3]["start"], rows[3]["stop"], rows[3]["paid_s"], rows[3]["arch"]) == ("3", "12", "91.0", TEXT["C"])
    assert rows[6]["status"] == "cut"
    chosen = list(csv.DictReader(io.StringIO(trace_csv(staged, Chosen(stage="region", last=2)))))
    assert [row["number"] for row in chosen] == ["4", "5"]


def test_a_field_called_like_a_column_keeps_both(tmp_path):
    told = read_run(by_hand([Submit((Train(A, "12", 0, 1),), ({"status": "hopeful"},))], tmp_path))
    (row,) = csv.DictReader(io.StringIO(trace_csv(told)))
    assert (row["status"], row["reason_status"]) == ("ok", "hopeful")

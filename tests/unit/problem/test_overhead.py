"""What a search costs besides the training."""

import statistics

import pmfnas
from pmfnas import Choices

SPACE = Choices(width=[1, 2, 3, 4], depth=[1, 2])


def times_its_reports(arch, run):
    import time

    for epoch in run.epochs:
        begin_s = time.perf_counter()
        run.report(train_loss=1.0 / epoch, valid_acc=0.1 * arch.width)
        print(time.perf_counter() - begin_s)


def test_a_report_takes_less_than_five_milliseconds(tmp_path):
    result = pmfnas.search(
        times_its_reports, SPACE, schedules={"s": 9, "l": 27}, budget=2.0, out=tmp_path / "out", progress=False
    )
    seconds = [float(line) for line in (tmp_path / "out" / "train.log").read_text().split()]
    assert len(seconds) > 50
    assert statistics.median(seconds) < 0.005
    frame = result.to_pandas()
    ok = frame[frame["status"] == "ok"]
    between_s = (ok["end_s"] - ok["start_s"]).sum() / (ok["epochs"] - ok["start"]).sum()
    assert between_s < 0.02, "with all that a segment costs besides: messages, checkpoints, the end of a task"

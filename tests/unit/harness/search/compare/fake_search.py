"""Stands for `search` in tests: python fake_search.py MODE RECORD LEDGER TEST_ACC SEARCHER SEED FOLDER [--resume]."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CLAIM = {
    "experiment": "search",
    "dataset": "digits",
    "space": "nb201",
    "split": "80/10/10 by class, seed 0",
    "fingerprint": "4b0d0a4973d3",
    "schedules": [3, 12],
    "budget_s": 120.0,
    "recipe": {"channels": [16, 32, 64], "cells_per_stage": 5, "batch_size": 256},
    "width": 1,
    "device": "CPU",
    "torch": "2.13.0+cpu",
    "code": "0123456789ab",
}


def met(ledger, end_of_run):
    """Return whether two runs of the seed have begun, within a while."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        lines = [json.loads(line) for line in ledger.read_text().splitlines() if line.endswith("}")]
        if sum(line["event"] == "begin" and line["run"].endswith(end_of_run) for line in lines) == 2:
            return True
        time.sleep(0.02)
    return False


def main(arguments):
    mode, record, ledger, test_acc, searcher, seed, own = arguments[:7]
    folder = Path(own)

    def tell(event):
        line = {"event": event, "run": f"{searcher}/s{seed}", "time_s": time.monotonic(), "pid": os.getpid()}
        line |= {"resume": "--resume" in arguments, "threads": [os.environ.get(name) for name in THREADS]}
        with Path(ledger).open("a") as stream:
            stream.write(json.dumps(line) + "\n")

    def end(number, frame):
        tell("told to end")
        sys.exit(130)

    signal.signal(signal.SIGTERM, end)
    tell("begin")
    print("a line before")
    if mode == "fail":
        print("error: the disk is full", file=sys.stderr)
        return 3
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps({**CLAIM, "searcher": searcher, "seed": int(seed)}))
    if mode == "hang":
        tell("at work")
        time.sleep(60)
    if mode == "meet" and not met(Path(ledger), f"/s{seed}"):
        return 4
    path = folder / "runs" / "nb201-digits" / searcher / f"s{int(seed):04d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(record, path)
    result = {
        **{"arch": "|none~0|", "schedule": "12", "epochs": 12, "valid_acc": float(test_acc) + 1.0},
        **{"test_acc": float(test_acc), "params_m": 0.5, "flops_m": 7.0, "gpu_hours": 0.033},
    }
    (folder / "result.json").write_text(json.dumps(result))
    tell("end")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`gpu-check`: every check on a GPU, one after the other, into a JSON file and a table.

    OUT/gpu-check.json     the figures of every check, the GPU, versions, and the goals with what was reached
    OUT/gpu-check.md       the same as tables

A check that fails is recorded with its error and the others go on; the files are written after each, so that a check
that never ends loses nothing that was found before.
"""

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.search.gpu.checks import CHECKS, Laboratory, Report, Sizes, gpu, search_command
from harness.show.render import pipes
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.files import write_text
from pmfnas.training.data import ImageSet, SearchData, open_source
from pmfnas.training.data.images import measured
from pmfnas.training.stream import DeviceImages

ALONE_GOAL, PACKED_GOAL, RATE_GOAL = 5.0, 4.0, 100.0


REPORTS = ("gpu-check.json", "gpu-check.md")
"""Files of the report."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and the measured value."""

    what: str
    goal: str
    found: str
    met: bool


def only_on_a_gpu() -> torch.device:
    """Return the first GPU; raise `InputError` if there is no GPU."""
    if torch.cuda.is_available():
        return torch.device("cuda:0")
    built = "is built for the CPU only" if torch.version.cuda is None else "finds none"
    raise InputError(
        f"gpu-check needs a GPU, but torch {torch.__version__} {built}; run it on a machine with a GPU and its torch"
    )


def laboratory(device: torch.device, data_dir: Path | None, folder: Path) -> Laboratory:
    """Return what the checks work with: CIFAR-10 in `data_dir`, or made-up images; `folder` is theirs."""
    source = open_source("cifar10", data_dir) if data_dir else None
    data = source.search() if source else made_up_images()
    n_classes = source.n_classes if source else 10
    return Laboratory(
        gpu(device),
        Sizes(),
        data,
        n_classes,
        source is not None and (n_classes, data.image_size, len(data.train)) == (10, 32, 25_000),
        f"{data_dir.name}, {source.split}" if source and data_dir else "made up",
        folder,
        search_command(device),
        DeviceImages(data, device),
    )


def made_up_images(n_train: int = 25_000, n_valid: int = 5_000, side: int = 32, n_classes: int = 10) -> SearchData:
    """Return images whose brightness tells the class, with noise: for timing, where no data are given."""
    return measured(_made_up(n_train, side, n_classes, 0), _made_up(n_valid, side, n_classes, 1), flip=True)


def _made_up(n: int, side: int, n_classes: int, seed: int) -> ImageSet:
    rng = stream(seed, "gpu-check/images")
    labels = rng.integers(n_classes, size=n)
    shades = (160 // n_classes * labels).astype(np.uint8)
    return ImageSet(shades[:, None, None, None] + rng.integers(0, 90, (n, 3, side, side), dtype=np.uint8), labels)


def run_checks(
    lab: Laboratory,
    out: Path,
    *,
    say: Callable[[str], None],
    checks: Mapping[str, Callable[[Laboratory], Report]] = CHECKS,
) -> dict[str, Any]:
    """Run every check, write what is found to `out`, and return it.

    Args:
        lab: what they work with.
        out: folder of the JSON file and the table, which are replaced where they exist.
        say: takes lines of progress.
        checks: by name, in order.
    """
    clock = lab.machine.clock
    begin_s = clock()
    found: dict[str, Report] = {}
    for name, check in checks.items():
        if clock() - begin_s > lab.sizes.limit_s:
            found[name] = {"skipped": f"no time: {lab.sizes.limit_s:g} s were over"}
        else:
            say(f"{name} ...")
            started_s = clock()
            found[name] = {**_guarded(check, lab), "seconds": clock() - started_s}
        report = _report(lab, found, clock() - begin_s)
        write_text(out / REPORTS[0], json.dumps(report, indent=1) + "\n")
        write_text(out / REPORTS[1], markdown(report))
        say(f"{name}: {_outcome(found[name])}, {found[name].get('seconds', 0.0):.0f} s")
    return report


def _guarded(check: Callable[[Laboratory], Report], lab: Laboratory) -> Report:
    try:
        return check(lab)
    except Exception as error:  # of a device, a compiler or a driver, which the report is about
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}


def passed(report: Mapping[str, Any]) -> bool:
    """Return whether every check ran, or was left out, without an error, and all that they show is right."""
    return all("error" not in check and check.get("ok", True) for check in report["checks"].values())


def _outcome(check: Mapping[str, Any]) -> str:
    if "error" in check or "skipped" in check:
        return f"error: {check['error']}" if "error" in check else f"skipped: {check['skipped']}"
    return {True: "right", False: "NOT right", None: "measured"}[check.get("ok")]


def _report(lab: Laboratory, found: Mapping[str, Report], seconds: float) -> dict[str, Any]:
    n = len(lab.data.train)
    goals = [{"what": g.what, "goal": g.goal, "found": g.found, "met": g.met} for g in _goals(found, n, lab)]
    return {
        "device": lab.machine.name,
        "torch": str(torch.__version__),
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "images": f"{n:,} of {lab.data.image_size} pixels a side, {lab.described}",
        "fingerprint": lab.data.fingerprint,
        "seconds": seconds,
        "goals": goals,
        "checks": dict(found),
    }


def _goals(found: Mapping[str, Report], n_train: int, lab: Laboratory) -> Iterator[Goal]:
    """Yield the goals that the checks so far can judge."""
    widths = {int(w): row["images_per_s"] for w, row in found.get("throughput", {}).get("widths", {}).items()}
    loop = found.get("plain", {}).get("images_per_s")
    n_images = lab.sizes.epochs * n_train
    if loop and 1 in widths:
        gain = widths[1] / loop
        detail = f"{gain:.1f} x ({widths[1]:,.0f} and {loop:,.0f} images/s)"
        yield Goal("alone, against a plain loop", f"{ALONE_GOAL:g} x", detail, gain >= ALONE_GOAL)
        times = f"{n_images / widths[1]:.1f} s and {n_images / loop:.1f} s"
        yield Goal(f"{lab.sizes.epochs} epochs alone, and in a plain loop", "to be known", times, met=True)
    if 1 in widths:
        best = max(widths, key=lambda width: widths[width])
        gain = widths[best] / widths[1]
        detail = f"{gain:.1f} x at width {best} ({widths[best]:,.0f} images/s)"
        yield Goal("packed, against alone", f"{PACKED_GOAL:g} x", detail, gain >= PACKED_GOAL)
        rate = 3600 * widths[best] / n_images
        what = f"candidates per hour of {lab.sizes.epochs} epochs, without validation"
        yield Goal(what, f"{RATE_GOAL:g}", f"{rate:.0f}", rate >= RATE_GOAL)
    each_s = found.get("published", {}).get("seconds_each")
    if each_s:
        detail = f"{3600 / each_s:.0f} at width {found['published']['width']}"
        yield Goal("the same with validation and checkpoints", f"{RATE_GOAL:g}", detail, 3600 / each_s >= RATE_GOAL)


def markdown(report: Mapping[str, Any]) -> str:
    """Return a report as Markdown."""
    checks = report["checks"]
    lines = [
        f"# gpu-check: {report['device']}",
        "",
        f"torch {report['torch']}, CUDA {report['cuda']}, {report['images']}; {report['seconds']:.0f} s in all.",
        "",
        *pipes(("goal", "wanted", "found", ""), [_goal_row(goal) for goal in report["goals"]]),
        "",
        *pipes(
            ("check", "outcome", "seconds"), [(n, _outcome(c), f"{c.get('seconds', 0):.0f}") for n, c in checks.items()]
        ),
        "",
    ]
    speeds = checks.get("throughput", {}).get("widths", {})
    if speeds:
        rows = [(w, f"{r['images_per_s']:,.0f}", f"{r['peak_mb']:,.0f}") for w, r in speeds.items()]
        lines += [*pipes(("candidates", "images/s together", "memory, MB"), rows), ""]
    for name in ("graphs", "compiled"):
        worth = checks.get(name, {}).get("widths", {})
        if worth:
            gains = [
                (w, f"{r['without']:,.0f}", f"{r['images_per_s']:,.0f}", f"{r['setup_s']:.1f}", f"{r['saved_s']:+.1f}")
                for w, r in worth.items()
            ]
            titles = (f"{name}, candidates", "images/s without", "with", "set-up s", "saved s in a training")
            lines += [*pipes(titles, gains), ""]
    for row in checks.get("published", {}).get("archs", []):
        ours = ", ".join(f"{value:.2f}" for value in row["ours"])
        lines.append(f"- arch {tuple(row['arch'])}: {ours}; published {row['published']:.2f}, gap {row['gap']:+.2f}")
    return "\n".join(lines) + "\n"


def _goal_row(goal: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return goal["what"], goal["goal"], goal["found"], "reached" if goal["met"] else "missed"

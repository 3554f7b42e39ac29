"""The work of `search`, `export` and `gpu-check`: real training. torch is loaded only when one of them runs."""

import argparse
import os
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from harness.cli import arguments
from harness.experiment.overwriting import check_outputs
from harness.host.front import typed
from pmfnas.core.errors import InputError

if TYPE_CHECKING:
    from harness.search.spec import SearchSpec

INTERRUPTED = 130


def run(options: argparse.Namespace) -> int:
    """Search, export, or check what needs a GPU."""
    return {"search": _search, "export": _export, "gpu-check": _gpu_check}[options.verb](options)


def _search(options: argparse.Namespace) -> int:
    torch = torch_at_hand()
    from harness.experiment.folder import SPEC, read_claim
    from harness.search.card import retrain_command
    from harness.search.parent import end_with_parent
    from harness.search.spec import check_out, open_device

    spec = asked(options)
    if not hasattr(options, "width") and open_device(spec.device).type == "cuda":
        spec = replace(spec, width=None)
    default = Path("results") / "search" / (f"{spec.dataset}-smoke" if options.smoke else spec.dataset)
    out = options.out or default
    check_out(spec, out)
    if options.resume:
        read_claim(out)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        end_with_parent()
        result = _searched(spec, out, resume=options.resume or (options.smoke and (out / SPEC).exists()))
    except KeyboardInterrupt:
        print(f"\ninterrupted; go on with the same command and --resume ({out})", file=sys.stderr)
        return INTERRUPTED
    except torch.AcceleratorError as error:
        cause = str(error).splitlines()[0]
        raise InputError(f"the device was lost ({cause}); once it is back, go on with --resume") from None
    _show(result, out)
    command = retrain_command(read_claim(out), str(out), str(spec.data_dir))
    if not options.retrain:
        print(f"train it on training and validation images: {command}")
        return 0
    retrained = _retrained(out, spec.data_dir, spec.device)
    print(f"retrained   test {retrained['test_acc']:.2f} % on {retrained['trained_on']}; the model: {command}")
    return 0


def _searched(spec: "SearchSpec", out: Path, *, resume: bool) -> dict[str, Any]:
    """Search, or go on, with the folder locked; return the result, at once where it is there already."""
    from harness.experiment.folder import SPEC, locked
    from harness.search.folder import read_result
    from harness.search.result import conclude
    from harness.search.run import open_search, run_search

    with ExitStack() as held:
        is_there = (out / SPEC).exists()
        if is_there:
            held.enter_context(locked(out))
        opened = open_search(spec, out, resume=resume)
        if not is_there:
            held.enter_context(locked(out))
        return read_result(out) or conclude(run_search(opened, start_anew=_start_anew), out)


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Handle a signal as Ctrl-C is handled."""
    del number, frame
    raise KeyboardInterrupt


def _start_anew() -> None:
    """Replace this process, in which a call hangs, by one that goes on; it keeps its number."""
    command = [sys.executable, *sys.orig_argv[1:], *(() if "--resume" in sys.orig_argv else ("--resume",))]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(command[0], command)
    except OSError as error:
        print(f"error: {command[0]} cannot be started ({error}); go on with --resume", file=sys.stderr, flush=True)
        os._exit(1)


def torch_at_hand() -> Any:
    """Return torch; raise `InputError` where it is not installed."""
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError(
            "torch is not installed; install the extra: pip install -c constraints.txt '.[train]'"
        ) from None
    return torch


def asked(options: argparse.Namespace) -> "SearchSpec":
    """Return the search with the command line's settings; raise `InputError` for what cannot be used."""
    from harness.search.spec import SMOKE, SearchSpec

    given = arguments.asked(options, SearchSpec)
    if "dataset" not in given and not options.smoke:
        raise InputError("--dataset is missing; name cifar10, cifar100, ImageNet16-120, digits, or your own")
    return replace(SMOKE, **given) if options.smoke else SearchSpec(**given)


def _show(result: dict[str, Any], out: Path) -> None:
    from harness.search.card import MODEL

    stages = ", ".join(f"{stage} {hours:.3f}" for stage, hours in result["gpu_hours_by_stage"].items())
    print(
        f"found       {result['arch']}\n"
        f"trained     {result['epochs']} epochs of schedule {result['schedule']}, seed {result['seed']}, "
        f"on {result['trained_on']}\n"
        f"validation  {result['valid_acc']:.2f} %\n"
        f"test        {result['test_acc']:.2f} % (measured once, now that the search has ended)\n"
        f"size        {result['params_m']:.3f} M parameters, {result['flops_m']:.2f} M multiply-adds\n"
        f"GPU-hours   {result['gpu_hours']:.3f} ({stages})\n"
        f"data        {result['data']}\n"
        f"written to {out}; the model: {typed('export', out, '--to', MODEL)}"
    )


def _export(options: argparse.Namespace) -> int:
    torch_at_hand()
    from harness.search.export import export, targets
    from harness.search.spec import finished_search

    finished_search(options.out)
    files = targets(options.to, options.out, options.data_dir)  # before the hours of retraining
    if files.model != options.to:
        print(f"--to is {options.to}; torch loads programs from files ending in .pt2, so the model is {files.model}")
    retrained = _retrained(options.out, options.data_dir, options.device) if options.retrain else None
    written = export(options.out, options.to, retrained)
    print(f"written: {written.model}, {written.card}" + (f", {written.onnx}" if written.onnx else ""))
    if written.why_no_onnx:
        print(f"no ONNX file: {written.why_no_onnx}")
    return 0


def _retrained(out: Path, data_dir: Path | None, device: str) -> dict[str, Any]:
    """Train the found network on training and validation images, once; return how it went."""
    from harness.experiment.folder import locked, read_claim
    from harness.search.card import retrain_command
    from harness.search.retrain import retrain

    signal.signal(signal.SIGTERM, interrupt)
    try:
        read_claim(out)  # raises for what is no folder of a search
        with locked(out):
            return retrain(out, data_dir, device, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        command = retrain_command(read_claim(out), str(out), str(data_dir))
        print(f"\ninterrupted; retraining goes on with: {command}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _gpu_check(options: argparse.Namespace) -> int:
    torch_at_hand()
    from harness.search.gpu.checks import Laboratory, Sizes, gpu, search_command
    from harness.search.gpu.report import REPORTS, made_up_images, markdown, only_on_a_gpu, passed, run_checks
    from pmfnas.training.data import open_source
    from pmfnas.training.stream import DeviceImages

    device = only_on_a_gpu()
    written = {f"the report {name} in --out": options.out / name for name in REPORTS}
    check_outputs(written, {"--data-dir": options.data_dir} if options.data_dir else {}, own=REPORTS)
    source = open_source("cifar10", options.data_dir) if options.data_dir else None
    data = source.search() if source else made_up_images()
    n_classes = source.n_classes if source else 10
    is_cifar10 = source is not None and (n_classes, data.image_size, len(data.train)) == (10, 32, 25_000)
    with TemporaryDirectory() as folder:
        lab = Laboratory(
            gpu(device),
            Sizes(),
            data,
            n_classes,
            is_cifar10,
            f"{options.data_dir.name}, {source.split}" if source else "made up",
            Path(folder),
            search_command(device),
            DeviceImages(data, device),
        )
        report = run_checks(lab, options.out, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(markdown(report))
    print(f"written to {options.out}: gpu-check.json, gpu-check.md")
    return 0 if passed(report) else 1

"""The work of `search`, `export` and `gpu-check`: real training. torch is loaded only when one of them runs."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from harness.cli import arguments
from harness.experiment.overwriting import check_outputs
from pmfnas.core.errors import InputError

if TYPE_CHECKING:
    from harness.search.spec import SearchSpec

INTERRUPTED = 130


def run(options: argparse.Namespace) -> int:
    """Search, export a network, or check a GPU."""
    return {"search": _search, "export": _export, "gpu-check": _gpu_check}[options.verb](options)


def _search(options: argparse.Namespace) -> int:
    torch = torch_at_hand()
    from harness.experiment.folder import SPEC, read_claim
    from harness.search.card import retrain_command
    from harness.search.parent import end_with_parent
    from harness.search.result import described, search_in
    from harness.search.spec import check_out, open_device

    spec = asked(options)
    if not hasattr(options, "width") and open_device(spec.device).type == "cuda":
        spec = replace(spec, width=None)
    default = Path("results") / "search" / (f"{spec.dataset}-smoke" if options.smoke else spec.dataset)
    out = options.out or default
    check_out(spec, out)
    if options.resume:
        read_claim(out)
    try:
        end_with_parent()
        result = search_in(spec, out, resume=options.resume or (options.smoke and (out / SPEC).exists()))
    except KeyboardInterrupt:
        print(f"\ninterrupted; go on with the same command and --resume ({out})", file=sys.stderr)
        return INTERRUPTED
    except torch.AcceleratorError as error:
        cause = str(error).splitlines()[0]
        raise InputError(f"the device was lost ({cause}); once it is back, go on with --resume") from None
    print(described(result, out))
    command = retrain_command(read_claim(out), str(out), str(spec.data_dir))
    if not options.retrain:
        print(f"train it on training and validation images: {command}")
        return 0
    retrained = _retrained(out, spec.data_dir, spec.device)
    print(f"retrained   test {retrained['test_acc']:.2f} % on {retrained['trained_on']}; the model: {command}")
    return 0


def torch_at_hand() -> Any:
    """Return torch; raise `InputError` if it is not installed."""
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError(
            "torch is not installed; install the extra: pip install -c constraints.txt '.[train]'"
        ) from None
    return torch


def asked(options: argparse.Namespace) -> "SearchSpec":
    """Return the search with the command line's settings; raise `InputError` if an option is invalid."""
    from harness.search.spec import SMOKE, SearchSpec

    given = {**arguments.asked(options, SearchSpec), **_own(options)}
    if "dataset" not in given and not options.smoke:
        raise InputError("--dataset is missing; name cifar10, cifar100, ImageNet16-120, digits, or your own")
    return replace(SMOKE, **given) if options.smoke else SearchSpec(**given)


def _own(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings for a family, and for a searcher, of the user's own."""
    from harness.players.file import guests
    from harness.players.ours import PLAYERS
    from harness.players.process import Limits
    from harness.search.family import family_file, is_family

    given: dict[str, Any] = {}
    space, searcher = getattr(options, "space", ""), getattr(options, "searcher", "")
    command = getattr(options, "command", "")
    if is_family(space):
        family = family_file(space)
        given |= {"family": family, "space": family.attribute}
    if command and searcher:
        raise InputError("--searcher and --command are both given; leave one of them out")
    if command or ".py" in searcher:
        made = guests([searcher] if searcher else [], [command] if command else [], Limits(), taken=tuple(PLAYERS))
        ((name, factory),) = made.items()
        given |= {"guest": factory, "searcher": name}
    return given


def _export(options: argparse.Namespace) -> int:
    torch_at_hand()
    from harness.search.export import export, targets
    from harness.search.spec import finished_search

    finished_search(options.out)
    files = targets(options.to, options.out, options.data_dir)  # check the names before hours of retraining
    if files.model != options.to:
        print(f"--to is {options.to}; torch loads programs from files ending in .pt2, so the model is {files.model}")
    retrained = _retrained(options.out, options.data_dir, options.device) if options.retrain else None
    written = export(options.out, options.to, retrained)
    paths = (written.model, written.onnx, written.weights, written.card)
    print(f"written: {', '.join(str(path) for path in paths if path)}; {written.checked}")
    if written.why_no_onnx:
        print(f"no ONNX file: {written.why_no_onnx}")
    return 0


def _retrained(out: Path, data_dir: Path | None, device: str) -> dict[str, Any]:
    """Train the found network on training and validation images unless that is done; return the result."""
    from harness.experiment.folder import locked, read_claim
    from harness.search.card import retrain_command
    from harness.search.retrain import retrain

    try:
        read_claim(out)  # raises if the folder holds no search
        with locked(out):
            return retrain(out, data_dir, device, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        command = retrain_command(read_claim(out), str(out), str(data_dir))
        print(f"\ninterrupted; retraining goes on with: {command}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _gpu_check(options: argparse.Namespace) -> int:
    torch_at_hand()
    from harness.search.gpu.report import REPORTS, laboratory, markdown, only_on_a_gpu, passed, run_checks

    device = only_on_a_gpu()
    written = {f"the report {name} in --out": options.out / name for name in REPORTS}
    check_outputs(written, {"--data-dir": options.data_dir} if options.data_dir else {}, own=REPORTS)
    with TemporaryDirectory() as folder:
        lab = laboratory(device, options.data_dir, Path(folder))
        report = run_checks(lab, options.out, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(markdown(report))
    print(f"written to {options.out}: gpu-check.json, gpu-check.md")
    return 0 if passed(report) else 1

"""The bounds of `harness.score.ceiling` as tables: on a table of curves, and of the runs in a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.experiment.jobs import Job, found
from harness.score.ceiling import Bound, bounds, of_runs
from harness.show.render import pipes
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError, unknown_name
from pmfnas.progress import tracked


def finished(folder: Path, table: CurveTable, datasets: Sequence[str], searchers: Sequence[str] = ()) -> list[Job]:
    """Return the finished runs in `folder`, given to `--in`, on the data sets, of all searchers or of those named."""
    done = [job for job in found(folder, table.header.space) if job.dataset in datasets]
    if not done:
        raise InputError(
            f"--in is {folder}, but holds no finished run on {', '.join(datasets)}; run an experiment there first"
        )
    known = sorted({job.searcher for job in done})
    for name in searchers:
        if name not in known:
            raise unknown_name(f"in {folder}, --searchers", name, known)
    return [job for job in done if job.searcher in (searchers or known)]


def check_seeds(folder: Path, done: Sequence[Job], seeds: Sequence[int]) -> None:
    """Raise `InputError` unless one of the runs in `folder` has one of the seeds."""
    has = sorted({job.seed for job in done})
    if not set(has) & set(seeds):
        raise InputError(
            f"--in is {folder}, but holds no finished run with {written(seeds)}; it has {written(has)}: "
            "leave --seeds and --first-seed out to take these"
        )


def page(
    table: CurveTable, datasets: Sequence[str], seeds: Sequence[int], folder: Path | None, done: Sequence[Job]
) -> str:
    """Return the bounds as a Markdown table per data set.

    Args:
        table: the data.
        datasets: of which.
        seeds: to average over.
        folder: of runs to be looked at too; None for none.
        done: its runs.
    """
    shown = [
        bound
        for name in tracked(datasets, "ceiling", total=len(datasets), unit="data set")
        for bound in bounds(table, name, seeds)
    ]
    if folder is not None:
        shown += of_runs(table, folder, [job for job in done if job.seed in seeds])
    return "\n".join(_tables(shown, table.header.score))


def written(seeds: Sequence[int]) -> str:
    """Return seeds in words; with their number where some between the first and the last are missing."""
    gaps = f" ({len(seeds)} of them)" if len(seeds) != seeds[-1] - seeds[0] + 1 else ""
    return f"seeds {seeds[0]} to {seeds[-1]}{gaps}"


def _tables(shown: Sequence[Bound], score: str) -> Iterator[str]:
    """Yield the table of each data set; `score` names what runs are scored by."""
    for name in dict.fromkeys(bound.dataset for bound in shown):
        rows = [
            (b.what.replace("|", "\\|"), f"{b.test:.3f}", f"{b.valid_regret:.3f}", f"{b.n_archs:.0f}")
            for b in shown
            if b.dataset == name
        ]  # the bars of an arch would end its cell
        yield "\n".join(pipes((name, score, "validation regret", "chosen from"), rows)) + "\n"

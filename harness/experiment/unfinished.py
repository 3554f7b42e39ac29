"""What the command that fills a folder of results still owes: `OUT/unfinished.json`, from its start to its last run."""

from collections.abc import Sequence
from pathlib import Path

from harness.experiment.folder import read_json, write_json
from harness.experiment.jobs import Job, found
from harness.experiment.specs import Experiment
from harness.host.front import typed

UNFINISHED = "unfinished.json"


def promise(out: Path, experiment: Experiment, space: str, command: Sequence[str]) -> None:
    """Write down the runs that a command starts to make, and its words; `kept` takes this back."""
    entries = {
        "space": space,
        "datasets": list(experiment.datasets),
        "searchers": list(experiment.searchers),
        "seeds": [experiment.seeds.start, experiment.seeds.stop],
        "command": list(command),
    }
    write_json(out / UNFINISHED, entries)


def kept(out: Path) -> None:
    """Remove what `promise` wrote, once all the runs are there."""
    (out / UNFINISHED).unlink(missing_ok=True)


def unfinished(out: Path) -> str:
    """Return a line on the missing runs of an interrupted command; empty if there are none.

    Args:
        out: the folder of an experiment, or of a study with a folder per budget.
    """
    counts, command = [], ()
    for path in sorted((*out.glob(UNFINISHED), *out.glob(f"*/{UNFINISHED}"))):
        owed = read_json(path, "remove it")
        command = tuple(owed["command"])
        promised = {
            Job(dataset, searcher, seed)
            for dataset in owed["datasets"]
            for searcher in owed["searchers"]
            for seed in range(*owed["seeds"])
        }
        n_done = len(promised & set(found(path.parent, owed["space"])))
        where = "" if path.parent == out else f" of {path.parent.name}"
        if n_done < len(promised):
            counts.append(f"{n_done:,} of {len(promised):,} runs{where}")
    goes_on = f": {typed(*command)}" if command else ""
    return f"UNFINISHED: {', '.join(counts)}; the same command goes on{goes_on}" if counts else ""

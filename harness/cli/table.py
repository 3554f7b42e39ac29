"""The work of `table`: rewrite the outputs of a folder of results from its records."""

import argparse
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.cli.arguments import asked, check_there
from harness.compare import outputs, peers, study_outputs
from harness.compare.studies import STUDIES
from harness.experiment.data import Chosen, choose
from harness.experiment.folder import SOURCES, SPEC, read_claim
from harness.experiment.jobs import Job, Played, found
from harness.experiment.own_table import title_of
from harness.experiment.specs import EXPERIMENTS
from harness.experiment.unfinished import unfinished
from harness.players.ours import PLAYERS
from harness.players.packages import OWN, PACKAGES
from harness.problems import comparing as problems_compared
from harness.problems import outputs as problems
from harness.search import folder as search
from harness.search.compare import outputs as search_compare
from harness.search.overview import write_overview
from harness.search.own import write_own
from harness.show.render import wrap
from harness.show.view import AS_USUAL, View
from pmfnas.core.errors import InputError
from pmfnas.problem import folder as own_problem

Writer = Callable[[Path, Mapping[str, Any], str, View], None]
"""Writes the outputs of a folder, given the folder, its claim, `--data` and the view."""


def run(options: argparse.Namespace) -> int:
    """Rewrite the outputs like the verb that made the folder."""
    check_there(options.out)
    claim = read_claim(options.out)
    name = str(claim.get("experiment"))
    if name not in WRITERS:
        raise InputError(
            f"{options.out} holds the experiment {name!r}, but `table` knows {', '.join(WRITERS)}; "
            "run the verb that made it again"
        )
    view = View(**asked(options, View))
    if view != AS_USUAL and name not in _WITH_VIEW:
        raise InputError(
            f"--show and --published are for results of {', '.join(_WITH_VIEW)}, but {options.out} holds {name}"
        )
    partial = unfinished(options.out)
    if partial:
        print(*wrap(partial), "", sep="\n")
    WRITERS[name](options.out, claim, options.data, view)
    if partial:
        print("", *wrap(partial), sep="\n")
    return 0


def _experiment(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    spec = EXPERIMENTS[claim["experiment"]]
    if not _has_records(out):
        outputs.write_again(spec.replays, out, view)
        return
    chosen = choose(data, space=spec.space, folder=out, partial=True)
    done = _finished(out, chosen, spec.players)
    title = title_of(chosen.table) if chosen.table.header.own else spec.title
    outputs.write(Played(title, done, tuple(spec.players), spec.replays), chosen.table, out, view)


def _comparison(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    chosen = choose(data, folder=out, partial=True)
    sources = claim.get(SOURCES, {})
    done = _finished(out, chosen, (*sources, *PLAYERS))
    seen = {job.searcher for job in done}
    own = tuple(name for name in sources if name in seen)
    order = (*own, *outputs.opponents(seen))
    outputs.write_comparison(Played(outputs.title_of(own), done, order), chosen.table, out, own=own, view=view)


def _peers(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    del claim
    if not _has_records(out):
        peers.write_again(out, view)
        return
    chosen = choose(data, folder=out, partial=True)
    everybody = (*OWN, *PACKAGES)
    peers.write_peers(Played(peers.TITLE, _finished(out, chosen, everybody), everybody), chosen.table, out, view)


def _study(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    del view
    study = replace(STUDIES[claim["experiment"]](), n_workers=claim["workers"])
    if not _has_records(out, f"*/{SPEC}"):
        study_outputs.write_again(study, out)
        return
    chosen = choose(data, folder=out, partial=True)
    folders = {float(read_claim(spec.parent)["budget_s"]): spec.parent for spec in out.glob(f"*/{SPEC}")}
    done = {s: _known(folders[s], chosen, study.players) for s in sorted(folders)}
    seen = {job.searcher for jobs in done.values() for job in jobs}
    if not seen:
        raise InputError(f"{out} holds no finished run; run the study first")
    study = replace(study, variants=tuple(v for v in study.variants if v.name in seen))
    study_outputs.write_study(study, {s: jobs for s, jobs in done.items() if jobs}, chosen.table, out)


def _own_problem(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    del claim, data, view
    print(f"written: {', '.join(map(str, write_own(out)))}")


def _search(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    del claim, data, view
    print(f"written: {', '.join(map(str, write_overview(out)))}")


def _search_comparison(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    del claim, data, view
    search_compare.write_again(out)


def _problems(out: Path, claim: Mapping[str, Any], data: str, view: View) -> None:
    del claim, data, view
    problems.write_again(out)


def _finished(out: Path, chosen: Chosen, searchers: Collection[str]) -> tuple[Job, ...]:
    """Return the finished runs of known searchers; raise `InputError` if there are no such runs."""
    done = _known(out, chosen, searchers)
    if not done:
        raise InputError(f"{out} holds no finished run; run the experiment first")
    return done


def _has_records(out: Path, pattern: str = "runs") -> bool:
    """Return whether the folder keeps the records of its runs; the committed references keep only frames."""
    return any(out.glob(pattern)) or not (out / "runs.parquet").is_file()


def _known(out: Path, chosen: Chosen, searchers: Collection[str]) -> tuple[Job, ...]:
    return tuple(job for job in found(out, chosen.table.header.space) if job.searcher in searchers)


WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        **dict.fromkeys(EXPERIMENTS, _experiment),
        **dict.fromkeys(STUDIES, _study),
        outputs.COMPARISON: _comparison,
        peers.NAME: _peers,
        problems_compared.NAME: _problems,
        own_problem.EXPERIMENT: _own_problem,
        search.EXPERIMENT: _search,
        search_compare.NAME: _search_comparison,
    }
)
"""Experiment in a folder's claim -> writer of its outputs."""

_WITH_VIEW = (*EXPERIMENTS, outputs.COMPARISON, peers.NAME)
"""Experiments whose figures show searchers."""

"""The field's packages as players, and our implementation of the same method for each.

A package plays by a script of `baselines/peers` in an environment of its own, spoken to by the process protocol and
charged like every other player. Its counterpart is our implementation on the same rungs with the same eta, so that
implementations are compared, not settings.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from baselines.asha import Asha
from baselines.bohb import Bohb
from baselines.dehb import Dehb
from baselines.hyperband import Hyperband
from harness.players.environments import AbsentError, Environment, existing, make, size_mb
from harness.players.ours import PLAYERS, REFERENCE, UNBELIEVING
from harness.players.process import Command, Limits
from pmfnas.core.ports import SearcherFactory

ENVIRONMENTS: Mapping[str, Environment] = MappingProxyType(
    {
        name: Environment(name, f"{name}_peer.py")
        for name in ("dehb", "hpbandster", "neps", "optuna", "smac", "syne_tune_013", "syne_tune_016")
    }
)

LIMITS = Limits(start_s=180.0, answer_s=180.0)
"""Importing a package, or fitting a Gaussian process to hundreds of values, takes seconds."""


@dataclass(frozen=True, slots=True)
class Package:
    """A method of a package."""

    environment: str
    method: str
    counterpart: str = ""
    """Our implementation of the method; empty where we have none."""
    why: str = ""
    """Known differences to the counterpart, in a sentence."""
    slow: bool = False
    """Whether a run takes minutes; slow players run fewer seeds by default."""


_NEPS_ASHA = (
    "NePS 0.17 promotes the best of those *not yet promoted* as soon as there are three, so that in the end all but "
    "two archs of a rung go up: far more is spent at 12@12, and fewer archs are seen, than by the paper's rule"
)
_STOPPING = (
    "Syne Tune 0.16 *stops* trials where ours promotes them: an arch goes on if it is in the best third when it "
    "reports, the first one always, and is never taken up later"
)
_KDE = (
    "HpBandSter estimates bandwidths from the numbers of categories, as if these were ordered; the counterpart is set "
    "to do so too. It asks again for archs that it knows, which cost nothing here; ours never proposes one twice"
)
_DEHB = (
    "the package mutates vectors that may decode to an arch it knows, and promotes throughout its first brackets; ours "
    "proposes no arch twice at a rung, keeps vectors at the centres of cells, and promotes into empty places only"
)
_BARRIER = "the package draws archs with repetition, ours without"

PACKAGES: Mapping[str, Package] = MappingProxyType(
    {
        "dehb-0.1.2": Package("dehb", "dehb", "dehb-1.3.12", _DEHB),
        "hpbandster-0.7.4-bohb": Package("hpbandster", "bohb", "bohb-1.3.12", _KDE),
        "neps-0.17-asha": Package("neps", "asha", "asha-1.3.12", _NEPS_ASHA),
        "neps-0.17-hyperband": Package("neps", "hyperband", "hyperband-1.3.12", _BARRIER),
        "neps-0.17-priorband": Package("neps", "priorband"),
        "optuna-5-tpe": Package("optuna", "tpe"),
        "smac-2.4": Package("smac", "multi_fidelity"),
        "syne-tune-0.13-dyhpo": Package("syne_tune_013", "dyhpo", slow=True),
        "syne-tune-0.13-hyper_tune": Package("syne_tune_013", "hyper_tune", slow=True),
        "syne-tune-0.13-mobster": Package("syne_tune_013", "mobster", slow=True),
        "syne-tune-0.13-hyperband": Package("syne_tune_013", "sync_hyperband", "hyperband-1.3.9.12", _BARRIER),
        "syne-tune-0.16-asha": Package("syne_tune_016", "asha", "asha-1.3.9.12", _STOPPING),
        "syne-tune-0.16-bohb": Package("syne_tune_016", "bohb"),
        "syne-tune-0.16-cqr": Package("syne_tune_016", "cqr", slow=True),
    }
)
"""Every package under its name in tables, which says package and version."""

_LONG = "12@1,12@3,12@9,12@12"

OWN: Mapping[str, SearcherFactory] = MappingProxyType(
    {
        "asha-1.3.12": partial(Asha, eta=3),
        "asha-1.3.9.12": partial(Asha, ladder=_LONG, eta=3),
        "bohb-1.3.12": partial(Bohb, eta=3, rounding="down", spread="index"),
        "dehb-1.3.12": partial(Dehb, eta=3, rounding="down"),
        "hyperband-1.3.12": partial(Hyperband, eta=3, rounding="down"),
        "hyperband-1.3.9.12": partial(Hyperband, ladder=_LONG, eta=3),
        REFERENCE: PLAYERS[REFERENCE],
        UNBELIEVING: PLAYERS[UNBELIEVING],
        "random_search": PLAYERS["random_search"],
    }
)
"""Ours that play: the counterparts, named by the epochs of their rungs, PMF-NAS twice, and random search."""


def players(pythons: Mapping[str, Path]) -> Mapping[str, SearcherFactory]:
    """Return every player that can run, given the interpreters of the existing environments."""
    playing = {
        name: command(package, pythons[package.environment])
        for name, package in PACKAGES.items()
        if package.environment in pythons
    }
    return MappingProxyType({**OWN, **playing})


def command(package: Package, python: Path) -> Command:
    """Return the command that starts a package."""
    script = ENVIRONMENTS[package.environment].script_path
    return Command((str(python), str(script), "--method", package.method), LIMITS)


def environments_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the environments that the players called `names` need, each once, in order."""
    return tuple(dict.fromkeys(PACKAGES[name].environment for name in names if name in PACKAGES))


def made_environments(asked: Sequence[str]) -> tuple[Mapping[str, Path], Mapping[str, str]]:
    """Return the interpreters by environment, made where they are missing, and why which players are absent."""
    pythons: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for name in environments_of(asked):
        made = existing(ENVIRONMENTS[name])
        try:
            if made is None:
                print(f"making the environment of {name} (once, a minute or two) ...", file=sys.stderr, flush=True)
                made = make(ENVIRONMENTS[name])
                print(f"  {name}: {size_mb(made):.0f} MB", file=sys.stderr, flush=True)
            pythons[name] = made
        except AbsentError as error:
            print(f"  {name} cannot be made: {error}", file=sys.stderr, flush=True)
            absent |= {
                package: str(error)
                for package in asked
                if package in PACKAGES and PACKAGES[package].environment == name
            }
    return pythons, absent

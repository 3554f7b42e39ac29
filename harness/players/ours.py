"""Every searcher that can enter an experiment: the published searchers, the controls, and PMF-NAS."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import Any

from baselines import SEARCHERS
from pmfnas.core.errors import unknown_name
from pmfnas.core.ports import SearcherFactory
from pmfnas.engine.parts import WHOLE
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import Settings
from pmfnas.loop.plain import plain

REFERENCE = "pmf_nas"
"""The player that the others are compared with."""

UNBELIEVING = "pmf_nas_no_belief"
"""PMF-NAS without its built-in prior that larger networks are better."""

_PORT = ("space", "fidelities", "budget_s", "n_workers", "rng")


def select(names: Sequence[str], players: Collection[str], flag: str = "--searchers") -> tuple[str, ...]:
    """Return `names` without duplicates.

    Args:
        names: as they were given.
        players: the known names.
        flag: the option that they were given to, for the error.

    Raises:
        InputError: a name is unknown; the error lists the known ones.
    """
    for name in names:
        if name not in players:
            raise unknown_name(f"{flag}: searcher", name, players)
    return tuple(dict.fromkeys(names))


def settings_of(factory: SearcherFactory) -> dict[str, Any]:
    """Return the settings that a factory makes its searcher with, as plain data.

    The default predictor and parts of PMF-NAS are code and are left out; replaced ones count as settings.
    """
    own = (Predictor, WHOLE)
    parameters = [p for p in signature(factory).parameters.values() if all(p.default is not part for part in own)]
    return {p.name: plain(p.default) for p in parameters if p.name not in _PORT and p.default is not p.empty}


def with_settings(factory: SearcherFactory, **settings: Any) -> SearcherFactory:
    """Return `factory` with some settings fixed."""
    return partial(factory, **settings)


PLAYERS: Mapping[str, SearcherFactory] = MappingProxyType(
    {
        **SEARCHERS,
        UNBELIEVING: with_settings(PmfNas, settings=Settings(capacity_belief=0.0, slope_belief=0.0)),
        REFERENCE: PmfNas,
    }
)

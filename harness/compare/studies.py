"""Studies as data: variants of PMF-NAS, each compared with PMF-NAS seed by seed, at one or more budgets.

    ablation       leaves out each part in turn: how much does it contribute, and at which budget?
    sensitivity    halves and doubles each setting: does the result depend on it?
    uncertainty    distorts the predictor's std in four ways: how much does the allocator lose?

The first two are built from the engine's `PARTS` and the fields of `Settings`, so they include a new part or setting
without a change here. All variants use the same random stream and the same trials. If a part has no effect, the runs
are identical and their difference is zero rather than noise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from types import MappingProxyType
from typing import Any, TypeVar

from harness.compare.distortions import KINDS, Distorting
from harness.experiment.specs import ALL_DATASETS, GPU_NIGHT_S, Experiment
from harness.players.ours import REFERENCE, with_settings
from pmfnas.core.errors import PmfnasError
from pmfnas.core.ports import SearcherFactory
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import PARTS, Settings

_S = TypeVar("_S")

FIRST_SEED = 1000
"""First seed of the studies; design choices were made with smaller seeds."""

SMOKE_SEEDS, SMOKE_BUDGETS, SMOKE_SHARE = 2, 2, 0.25

FACTORS: Mapping[str, float] = MappingProxyType({"halved": 0.5, "doubled": 2.0})


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which the searcher differs from its default."""

    name: str
    """Name as a searcher of an experiment and of its runs, such as `no_refine` or `bend_doubled`."""
    subject: str
    """The changed part, setting or prediction: a row of the figure."""
    kind: str
    """Kind of change: `left out`, `halved`, `doubled`, `made wrong`."""
    change: str
    """The change in full, such as `left out`, `3.0 -> 6.0` or `times 2`."""
    factory: SearcherFactory


@dataclass(frozen=True, slots=True)
class Study:
    """Compares variants of one searcher with it, on all data sets, with paired seeds."""

    name: str
    title: str
    variants: tuple[Variant, ...]
    n_seeds: Mapping[float, int]
    """Budget in seconds, ascending -> number of seeds."""
    ranked: bool = False
    """Whether the outputs list the variants by the size of their effect, the largest first; else in their own order."""
    unvaried: Mapping[str, str] = field(default_factory=dict)
    """Settings without a variant -> the reason."""
    datasets: tuple[str, ...] = ALL_DATASETS
    first_seed: int = FIRST_SEED
    n_workers: int = 1

    @property
    def players(self) -> Mapping[str, SearcherFactory]:
        """The searcher itself and its variants, by name."""
        return MappingProxyType({REFERENCE: PmfNas, **{v.name: v.factory for v in self.variants}})

    def experiments(self) -> tuple[Experiment, ...]:
        """Return one experiment per budget, the shortest first."""
        return tuple(self.experiment(budget_s, n_seeds) for budget_s, n_seeds in self.n_seeds.items())

    def experiment(self, budget_s: float, n_seeds: int) -> Experiment:
        """Return the study at one budget."""
        return Experiment(
            name=self.name,
            title=self.title,
            players=self.players,
            searchers=tuple(self.players),
            datasets=self.datasets,
            budget_s=budget_s,
            n_seeds=n_seeds,
            first_seed=self.first_seed,
            n_workers=self.n_workers,
            stream=REFERENCE,
        )


def ablation() -> Study:
    """Return the study that leaves every part of PMF-NAS out in turn."""
    without = (Settings(without=frozenset({part})) for part in PARTS)
    return Study(
        name="ablation",
        title="What each part of PMF-NAS is worth",
        variants=tuple(
            Variant(f"no_{part}", part, "left out", "left out", with_settings(PmfNas, settings=settings))
            for part, settings in zip(PARTS, without, strict=True)
        ),
        n_seeds=MappingProxyType({hours * 3600.0: n for hours, n in ((3, 60), (8.5, 60), (34, 20))}),
    )


def sensitivity() -> Study:
    """Return the study that halves and doubles every setting of PMF-NAS."""
    changes, unvaried = swept(Settings())
    return Study(
        name="sensitivity",
        title="What each setting of PMF-NAS, halved and doubled, changes",
        variants=tuple(
            Variant(f"{c.setting}_{c.kind}", c.setting, c.kind, c.written, with_settings(PmfNas, settings=c.settings))
            for c in changes
        ),
        n_seeds=MappingProxyType({GPU_NIGHT_S: 20}),
        ranked=True,
        unvaried=unvaried,
    )


def uncertainty() -> Study:
    """Return the study that distorts the predictor's uncertainty; `no_uncertainty` of the ablation removes it."""
    return Study(
        name="uncertainty",
        title="What the allocator loses when the uncertainty is wrong",
        variants=tuple(
            Variant(
                f"std_{kind}", f"std {kind}", "made wrong", change, with_settings(PmfNas, predictor=Distorting(kind))
            )
            for kind, change in KINDS.items()
        ),
        n_seeds=MappingProxyType({3 * 3600.0: 60, GPU_NIGHT_S: 60}),
    )


STUDIES: Mapping[str, Callable[[], Study]] = MappingProxyType(
    {"ablation": ablation, "sensitivity": sensitivity, "uncertainty": uncertainty}
)


def smoke(study: Study) -> Study:
    """Return a small form of a study: two seeds at a quarter of the shortest budgets, to check that all parts work."""
    short = [SMOKE_SHARE * budget_s for budget_s in list(study.n_seeds)[:SMOKE_BUDGETS]]
    return replace(study, n_seeds=MappingProxyType(dict.fromkeys(short, SMOKE_SEEDS)))


# ------------------------------------------------------------------------------------- halving and doubling


@dataclass(frozen=True, slots=True)
class Change:
    """Settings with one changed value."""

    setting: str
    kind: str
    written: str
    """Old and new value, such as `3.0 -> 6.0`."""
    settings: Any


def swept(settings: _S) -> tuple[list[Change], Mapping[str, str]]:
    """Return the changes that halve and double each numeric field, and the fields that cannot change, with reasons.

    A tuple of numbers, such as a grid, is scaled as a whole. A scaled int is rounded and at least 1.

    Args:
        settings: a frozen dataclass of settings. It raises `PmfnasError` for invalid values.
    """
    changes: list[Change] = []
    unvaried: dict[str, str] = {}
    for name in (f.name for f in fields(settings)):  # type: ignore[arg-type]
        value = getattr(settings, name)
        if not _is_numeric(value):
            unvaried[name] = f"{type(value).__name__}, not a number"
            continue
        for kind, factor in FACTORS.items():
            scaled = _scaled(value, factor)
            if scaled == value:
                unvaried[f"{name} {kind}"] = f"{value} stays {scaled}"
                continue
            try:
                changed = replace(settings, **{name: scaled})  # type: ignore[type-var]
            except PmfnasError as error:
                unvaried[f"{name} {kind}"] = f"refused: {error}"
                continue
            changes.append(Change(name, kind, f"{_written(value)} -> {_written(scaled)}", changed))
    return changes, MappingProxyType(unvaried)


def _is_numeric(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_numeric(one) for one in value)
    return isinstance(value, Real) and not isinstance(value, bool)


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_scaled(one, factor) for one in value)
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_written(one) for one in value)})"
    return f"{value:g}"

"""What earlier searches let expect of the archs of a new one: `pmfnas.search(..., after=...)`.

Their scores at every fidelity are brought to one level, ranked, and learnt by a Gaussian process over the choices that
both spaces name. A choice of one space alone is left out; a number that the new space lacks counts as the nearest.
What comes out is an expectation without a unit. `pmfnas.problem.warm` says how a search uses it, and when not.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from pmfnas.core.errors import InputError, shown
from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.model.curves import logit
from pmfnas.engine.model.gp import GaussianProcess, Hyper, choose
from pmfnas.engine.model.kernel import Kernel, Scaling
from pmfnas.engine.settings import Settings
from pmfnas.files import read_small, reading
from pmfnas.loop.record import read_rows
from pmfnas.problem.folder import EXPERIMENT
from pmfnas.spaces.own.choices import Choices

LEAST_ARCHS = 5
"""Archs with a value that an earlier search must have."""
_REMEDY = "leave it out of after"
_MOST_ARCHS = 400
"""Archs that are learnt from: the latest."""
_SAMPLED = 512
"""Random archs of the new space that set the scale of the features and of the expectation."""
_TURNS = 3
"""How often the likelihood is asked for hyperparameters: each time it takes one step on their grid."""


class Earlier:
    """An expectation of the archs of a space, from earlier searches."""

    def __init__(self, space: Choices, archs: Sequence[Arch], scores: FloatArray, shared: Sequence[str], of: str):
        """Learn.

        Args:
            space: of the new search.
            archs: of the earlier ones, as archs of `space`.
            scores: of these archs, (n,), in standard deviations of their search.
            shared: names of the choices that both spaces have.
            of: names the earlier searches and what they found, for the record.
        """
        self._space, self._of = space, of
        self._columns = [i for i, name in enumerate(space.feature_names) if name.partition("=")[0] in shared]
        sampled = [space.sample(rng=rng) for rng in [np.random.default_rng(0)] for _ in range(_SAMPLED)]
        raw = self._raw(sampled)
        self._scaling = Scaling.of(raw)
        self._gp = _learnt(self._scaling.apply(self._raw(archs)), scores)
        expected = self._gp.mean(self._scaling.apply(raw))
        self._mean, self._std = float(expected.mean()), float(expected.std()) or 1.0
        left_out, _ = self._gp.left_out()
        self.reliability = max(0.0, float(np.corrcoef(left_out, scores)[0, 1])) if np.ptp(left_out) > 0 else 0.0
        """Correlation of what is expected of an arch without its own score, and that score; at least 0."""

    def expected(self, archs: Sequence[Arch]) -> FloatArray:
        """Return what is expected of archs, (n,): larger is better; over the space mean 0 and standard deviation 1."""
        found = self._gp.mean(self._scaling.apply(self._raw(archs)))
        return np.asarray((found - self._mean) / self._std)

    def __repr__(self) -> str:
        """Return what was learnt from, for the record and the claim of a search."""
        return self._of

    def _raw(self, archs: Sequence[Arch]) -> FloatArray:
        return self._space.features(archs)[:, self._columns]


def _learnt(x: FloatArray, scores: FloatArray) -> GaussianProcess:
    """Return a process of the scores (n,) at scaled features (n, d)."""
    settings = Settings()
    rough = settings.roughness[-1]
    kernel = Kernel(settings.lengths[len(settings.lengths) // 2], settings.linear, settings.constant)
    gp = GaussianProcess(Hyper(kernel, 0.2 * rough, 0.8 * rough), x.shape[1])
    numbers = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)
    for row, number in zip(x, numbers.tolist(), strict=True):
        gp.add(row, number)
    gp.set_targets(scores)
    for _ in range(_TURNS):
        gp.set_hyper(choose(gp, settings.lengths, settings.roughness))
        gp.set_targets(scores)
    return gp


def read_earlier(folders: Sequence[Path], space: Choices) -> Earlier:
    """Return what the searches in `folders` let expect of the archs of `space`.

    Raises:
        InputError: a folder holds no ended search, one with too few archs, or none of the choices of `space`.
    """
    archs: list[Arch] = []
    scores: list[float] = []
    shared: set[str] = set()
    said = []
    for folder in folders:
        record = _record(folder)
        levelled = _levelled(record)
        texts = {text: dict(part.split("=", 1) for part in text.split(",")) for text in levelled}
        names = {name for own in texts.values() for name in own}
        if not names & set(space.names):
            raise InputError(
                f"after names {folder}, whose choices are {', '.join(sorted(names))}, but space has none of them: "
                f"{', '.join(space.names)}; name a search of a similar space"
            )
        placed = {text: space.nearest(own) for text, own in texts.items()}
        known = {text: arch for text, arch in placed.items() if arch is not None}
        if len(known) < LEAST_ARCHS:
            raise InputError(
                f"after names {folder}, of which {len(known)} archs with a value exist in space too, but at least "
                f"{LEAST_ARCHS} are needed; leave it out"
            )
        shared |= names
        archs += known.values()
        scores += _normal([levelled[text] for text in known])
        said.append(f"{len(known)} archs of {folder.name} {hashlib.sha256(record.read_bytes()).hexdigest()[:12]}")
    kept = slice(-_MOST_ARCHS, None)
    return Earlier(space, archs[kept], np.array(scores[kept]), sorted(shared), ", ".join(said))


def _record(folder: Path) -> Path:
    """Return the record of an ended search; raise `InputError` where there is none."""
    spec = folder / "spec.json"
    if not spec.is_file():
        raise InputError(f"after names {folder}, which holds no search; name the out of an earlier one")
    with reading(spec, _REMEDY):
        experiment = json.loads(read_small(spec, _REMEDY)).get("experiment")
    if experiment != EXPERIMENT:
        raise InputError(f"after names {folder}, which holds {shown(experiment)}, but must be a pmfnas.search")
    records = sorted((folder / "runs").glob("*/*/*.parquet"))
    if len(records) != 1:
        raise InputError(f"after names {folder}, whose search has not ended; end it by its own call first")
    return records[0]


def _levelled(record: Path) -> Mapping[str, float]:
    """Return the score of each arch, log odds, as it would be at the fidelity that most archs have.

    Fidelities differ by a constant, estimated from archs that have both: those that went on are better than others.
    """
    rows = read_rows(record, ["arch", "schedule", "stop", "status", "valid_acc"]).to_pylist()
    seen: dict[tuple[str, int], dict[str, float]] = {}
    for row in rows:
        if row["status"] == "ok" and row["valid_acc"] is not None and np.isfinite(row["valid_acc"]):
            seen.setdefault((row["schedule"], row["stop"]), {})[row["arch"]] = logit(row["valid_acc"])
    if not seen:
        return {}
    most = max(seen, key=lambda fidelity: len(seen[fidelity]))
    found: dict[str, list[float]] = {}
    for own in seen.values():
        both = [own[arch] - seen[most][arch] for arch in own if arch in seen[most]]
        shift = (
            float(np.mean(both)) if both else float(np.mean(list(own.values())) - np.mean(list(seen[most].values())))
        )
        for arch, score in own.items():
            found.setdefault(arch, []).append(score - shift)
    return {arch: float(np.mean(values)) for arch, values in found.items()}


def _normal(scores: Sequence[float]) -> list[float]:
    """Return scores as the normal scores of their ranks."""
    return list(map(float, ndtri((rankdata(scores) - 0.5) / len(scores))))

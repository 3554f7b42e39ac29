"""Material for tests of predictors: a made-up data set over 240 cells whose truth is known."""

from dataclasses import replace

import numpy as np

from harness.predictors.material import Material, RealCurves
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.predictors import Observed
from pmfnas.core.types import Fidelity
from pmfnas.spaces import CellSpace
from tests.support.tables import write_small

SPACE = CellSpace(n_classes=10, image_size=32)
TARGET = Fidelity("200", 200)
N_ARCHS = 240


def some_archs(n=N_ARCHS, seed=0):
    """Return distinct cells, no two isomorphic."""
    rng, found = np.random.default_rng(seed), {}
    while len(found) < n:
        arch = SPACE.sample(rng=rng)
        found.setdefault(SPACE.canonical(arch), arch)
    return tuple(found.values())


def small_material(folder, n=60) -> Material:
    """Return the material of `tests.tables.write_small`: arch i ends at 50 + i + trial / 10 percent."""
    archs = some_archs(n)
    table: CurveTable = write_small(folder / "table", archs)
    final = np.array([[50 + i, 50.1 + i, 50.2 + i] for i in range(n)])
    final[-1, 1] = np.nan
    return Material(
        table=table,
        dataset=dataset("cifar10"),
        space=SPACE,
        archs=archs,
        group=np.arange(n),
        final=final,
        truth=np.nanmean(final, axis=1),
        test=40.0 + 2 * np.arange(n),
        epoch_s=np.full(n, 10.0),
        pass_s=np.full(n, 1.0),
    )


def with_real_curves(material: Material, rows) -> Material:
    """Return the material with recordings of some archs: losses that no table holds."""
    rows = np.asarray(rows)
    losses = 7.0 + np.zeros((len(rows), 200)) + rows[:, None] / 100
    return replace(material, real=RealCurves(rows, losses, losses + 1.0))


def world(n_known, n_queries, epochs, *, seed=0):
    """Return (known, labels, queries, truth): accuracies that follow from size and from how fast an arch trains."""
    rng = np.random.default_rng(seed)
    archs = some_archs(n_known + n_queries, seed=seed)
    flops = np.log([SPACE.flops_m(arch) for arch in archs])
    speed = rng.standard_normal(len(archs))
    odds = 1.5 + 0.6 * (flops - flops.mean()) / flops.std() + 0.5 * speed
    truth = 100 / (1 + np.exp(-odds))
    seen = np.arange(1, epochs + 1) / max(epochs, 1)
    shown = odds[:, None] - 1.5 * (1 - seen) + 0.1 * rng.standard_normal((len(archs), epochs))
    acc = 100 / (1 + np.exp(-shown))
    loss = -np.log(acc / 100)

    def rows(which):
        cut = [m[which] for m in (loss, acc, loss, acc)]
        return Observed(tuple(archs[i] for i in which), "12", *cut)

    known, queries = np.arange(n_known), np.arange(n_known, len(archs))
    return rows(known), truth[known], rows(queries), truth[queries]

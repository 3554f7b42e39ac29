"""A folder of values laid out like the real one, of a few hundred archs with invented results.

Networks that compute the same are copies, some archs are cut off from the input, one trial belongs to a smaller cell.
"""

from pathlib import Path
from typing import Any

import numpy as np

from pmfnas.spaces import CellSpace

N_ARCHS, N_LOSSES, N_ACCS, N_ENDS = 300, 120, 60, 100
N_PAIRS, N_COPIES = 40, 20
SECOND_RECORDED = range(60, 70)
"""Rows whose recorded loss curve is of the second trial."""
CUT_OFF = ((0, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0))
FOREIGN = 200
"""Row whose last trial is that of row `FOREIGN + 1`."""

_N_VALID = np.array([25_000, 5_000, 3_000])
_CHANCE = np.array([9.712, 1.0, 100 / 120])
_LOG_CLASSES = np.log([10, 100, 120])


def write_anchors(folder: Path, **changes: Any) -> Path:
    """Write both files into `folder`; `changes` replace fields, None removes one."""
    rng = np.random.default_rng(7)
    archs = _archs(rng)
    anchors, quality = _anchors(archs, rng)
    curves = _curves(anchors, quality, rng)
    folder.mkdir(parents=True, exist_ok=True)
    for name, fields in (("nb201_anchors.npz", anchors), ("nb201_curves.npz", curves)):
        kept = {key: changes.get(key, value) for key, value in fields.items()}
        np.savez(folder / name, **{key: value for key, value in kept.items() if value is not None})
    return folder


def _archs(rng: np.random.Generator) -> np.ndarray:
    """Return distinct archs: two that are cut off, `N_PAIRS` isomorphic pairs in neighbouring rows, random ones."""
    pairs = []
    for a, b, c, d, e in rng.integers(1, 5, (4 * N_PAIRS, 5)).tolist():
        if a != b and len(pairs) < 2 * N_PAIRS and (a, b, 0, c, d, e) not in pairs:
            pairs += [(a, b, 0, c, d, e), (b, a, 0, c, e, d)]  # nodes 1 and 2 change places
    drawn = [tuple(row) for row in rng.integers(0, 5, (4 * N_ARCHS, 6)).tolist()]
    return np.array(list(dict.fromkeys([*CUT_OFF, *pairs, *drawn]))[:N_ARCHS], dtype=np.uint8)


def _kind(row: int) -> int:
    """Return the first of the copies of an arch: the first pairs are copies, the others were trained apart."""
    return row - row % 2 if row < len(CUT_OFF) + 2 * N_COPIES else row


def _anchors(archs: np.ndarray, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    space = CellSpace(n_classes=10, image_size=32)
    rows = [tuple(row) for row in archs.tolist()]
    features = space.features(rows)
    cut = features[:, space.feature_names.index("paths")] == 0
    weight = rng.normal(size=features.shape[1])
    score = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9) @ weight / np.sqrt(len(weight))
    kind = np.array([_kind(row) for row in range(len(rows))])
    n_seeds = np.where(kind % 3, 3, 2).astype(np.uint8)

    def results(level: float, scale: float, n_trials: int) -> np.ndarray:
        odds = np.array([1.5, 0.3, -0.8]) + level + scale * score[:, None]
        noise = rng.normal(0, 0.03, (kind.max() + 1, 3, n_trials))[kind]  # copies share what chance does
        acc = 100 / (1 + np.exp(-odds[:, :, None] - noise))
        counts = np.rint(acc * _N_VALID[:, None] / 100)
        return np.where(cut[:, None, None], _CHANCE[:, None], counts * 100 / _N_VALID[:, None])

    valid_200 = results(0.5, 0.6, 3)
    valid_200[FOREIGN, :, n_seeds[FOREIGN] - 1] = valid_200[FOREIGN + 1, :, 0]
    valid_200[np.broadcast_to(np.arange(3) >= n_seeds[:, None, None], valid_200.shape)] = np.nan
    test = np.where(np.isnan(valid_200), np.nan, valid_200 + rng.normal(0, 0.2, valid_200.shape)).clip(0.5, 99.5)
    test_trials = test.copy()
    test_trials[:, 0] = np.nan
    seed777 = test_trials[:, :, 0].copy()
    seed777[SECOND_RECORDED] = test_trials[SECOND_RECORDED, :, 1]
    mean = np.nanmean(test, axis=2)
    mean[:20, 1:] += 0.01  # rounding: the trials' values do not quite average to the mean
    fields = {
        "arch_ops": archs,
        "op_names": np.array(["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]),
        "edge_names": np.array(["1<-0", "2<-0", "2<-1", "3<-0", "3<-1", "3<-2"]),
        "datasets": np.array(["cifar10", "cifar100", "ImageNet16-120"]),
        "n_seeds": n_seeds,
        "valid_acc_12": results(-0.8, 0.4, 1)[:, :, 0],
        "test_acc_12": results(-0.6, 0.4, 1)[:, :, 0],
        "valid_acc_200_seeds": valid_200,
        "test_acc_200_mean": mean,
        "test_acc_200_seeds_derived": test_trials,
        "test_acc_200_seed777": seed777,
        "train_seconds_per_epoch": np.outer(5 + rng.random(len(archs)), [1.0, 2.0, 6.068]),
        "eval_seconds_per_10k": np.where(np.arange(len(archs)) % 4 == 0, 0.9, np.nan),
    }
    fields = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in fields.items()}
    for name in ("valid_acc_12", "valid_acc_200_seeds"):  # copies are equal to the image, not always to the last bit
        fields[name][len(CUT_OFF) + 1] = np.nextafter(fields[name][len(CUT_OFF) + 1], np.float32(100))
    return fields, cut


def _curves(anchors: dict[str, np.ndarray], cut: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    losses, accs = np.arange(N_LOSSES), np.arange(0, 2 * N_ACCS, 2)
    epochs = np.arange(1, 201) / 200
    final = anchors["valid_acc_200_seeds"][:, :, 0].astype(np.float64)

    def loss(rows: np.ndarray, noise: float) -> np.ndarray:
        kind = np.array([_kind(row) for row in rows])
        end = np.log1p((100 - final[kind]) / 20)[:, :, None]
        start = 0.9 * _LOG_CLASSES[:, None]
        course = end + (start - end) * (1 - epochs) ** 2
        deviation = rng.normal(0, noise, (N_ARCHS, 3, 200)) * (1 - epochs) + rng.normal(0, 0.02, (N_ARCHS, 3, 1))
        deviation = deviation[kind]
        curves = np.minimum(course * np.exp(deviation), _LOG_CLASSES[:, None])
        return np.where(cut[rows, None, None], _LOG_CLASSES[:, None], curves)

    def acc(of_loss: np.ndarray) -> np.ndarray:
        return 100 - (100 - 100 / np.exp(_LOG_CLASSES[:, None])) * of_loss / _LOG_CLASSES[:, None]

    mean_acc = np.nanmean(anchors["valid_acc_200_seeds"][accs, 0].astype(np.float64), axis=1)
    valid = acc(loss(accs, 0.1))[:, 0]
    valid[:, -1] = mean_acc
    ends = np.arange(N_ENDS)
    end_loss = np.stack([loss(ends, 0.0)[:, :, 60], loss(ends, 0.0)[:, :, -1]], axis=2)
    fields = {
        "loss_arch_index": losses,
        "train_loss": loss(losses, 0.01),
        "eval_loss": loss(losses, 0.1) * 1.05,
        "acc_arch_index": accs,
        "train_acc": acc(loss(accs, 0.01))[:, 0],
        "valid_acc": valid,
        "endpoint_arch_index": ends,
        "endpoint_train_loss": end_loss,
        "endpoint_train_acc": acc(end_loss),
    }
    return {k: v.astype(np.float32) if v.dtype == np.float64 else v.astype(np.int16) for k, v in fields.items()}

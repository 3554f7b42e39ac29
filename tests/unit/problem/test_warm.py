"""What earlier searches let expect: read from their records, over shared choices, trusted as far as scores agree."""

import json
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pmfnas
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import Curve, Schedule, Submit
from pmfnas.engine.ladder import Level
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import Settings
from pmfnas.loop.executor import SimulatedExecutor
from pmfnas.loop.runner import Setting, search
from pmfnas.problem.arguments import checked
from pmfnas.problem.earlier import read_earlier
from pmfnas.problem.warm import Prior, WarmPredictor, warm_pmf_nas
from pmfnas.testing.synthetic import SyntheticBenchmark

CHOICES = {
    "depth": [1, 2, 3, 4],
    "width": [8, 16, 32, 64],
    "kind": ["a", "b", "c"],
    "lr": pmfnas.LogGrid(1e-3, 1e-1, 5),
}
SPACE = pmfnas.Choices(**CHOICES)
SETTINGS = Settings(capacity_belief=0.0, explore_belief=0.0)
BENCHMARK = SyntheticBenchmark(
    SPACE, seed=3, schedules=[Schedule("short", 9, frozenset(range(1, 10))), Schedule("long", 81, frozenset({81}))]
)


def height(arch):
    """Return the score of an arch at the end of a very long training."""
    return 30.0 + 65.0 * BENCHMARK._traits(arch)[0]


def kept(folder, space, rows):
    """Write what a search leaves behind: text of arch, schedule, epoch, score."""
    path = folder / "runs" / f"choices-{folder.name}" / "pmf_nas" / "s0000.parquet"
    path.parent.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"experiment": "problem"}))
    named = [
        {"arch": space.format(arch), "schedule": schedule, "stop": stop, "status": "ok", "valid_acc": float(score)}
        for arch, schedule, stop, score in rows
    ]
    pq.write_table(pa.Table.from_pylist(named), path)
    return folder


def searched(folder, *, sign=1.0, space=SPACE, n=40):
    """Write an earlier search of `n` archs, in which archs score by `sign` times their height."""
    rng = np.random.default_rng(0)
    archs = list(dict.fromkeys(space.sample(rng=rng) for _ in range(n)))
    own = [SPACE.nearest(dict(part.split("=") for part in space.format(arch).split(","))) for arch in archs]
    scores = [55.0 + sign * (height(arch) - 55.0) for arch in own]
    first = [(arch, "short", 9, score) for arch, score in zip(archs, scores, strict=True)]
    best = sorted(zip(scores, archs, strict=True), reverse=True)[:8]
    return kept(folder, space, [*first, *((arch, "long", 81, min(score + 4.0, 99.0)) for score, arch in best)])


def some(n=200):
    rng = np.random.default_rng(1)
    return [SPACE.sample(rng=rng) for _ in range(n)]


def agreement(earlier, archs):
    return np.corrcoef(earlier.expected(archs), [height(arch) for arch in archs])[0, 1]


def test_an_earlier_search_lets_expect_what_it_found(tmp_path):
    earlier = read_earlier([searched(tmp_path / "one")], SPACE)
    assert agreement(earlier, some()) > 0.9
    assert earlier.reliability > 0.8
    assert abs(earlier.expected(some()).mean()) < 0.3
    assert "archs of one " in repr(earlier)
    both = read_earlier([searched(tmp_path / "two"), tmp_path / "one"], SPACE)
    assert agreement(both, some()) > 0.9
    assert agreement(read_earlier([searched(tmp_path / "bad", sign=-1.0)], SPACE), some()) < -0.9


def test_of_a_similar_space_the_shared_choices_count_and_numbers_are_taken_as_the_nearest(tmp_path):
    similar = pmfnas.Choices(
        **{**CHOICES, "width": [7, 15, 33, 65], "kind": ["a", "b"]}, momentum=[0.0, 0.9], decay=[0.1, 0.2]
    )
    earlier = read_earlier([searched(tmp_path / "similar", space=similar)], SPACE)
    assert agreement(earlier, [arch for arch in some() if SPACE.named(arch).kind != "c"]) > 0.7
    assert SPACE.nearest({"depth": "3", "width": "40", "kind": "b"}) == (2, 2, 1, 0)
    assert SPACE.nearest({"kind": "other"}) is None
    assert SPACE.nearest({"depth": "deep"}) is None


def test_scores_after_longer_training_count_at_the_level_of_the_others(tmp_path):
    archs = some(20)
    short = [(arch, "short", 9, height(arch)) for arch in archs]
    worst = sorted(archs, key=height)[:6]
    long = [(arch, "long", 81, min(height(arch) + 30.0, 99.0)) for arch in worst]  # the worst, but trained for longer
    assert agreement(read_earlier([kept(tmp_path / "long", SPACE, [*short, *long])], SPACE), archs) > 0.9


def test_trust_follows_the_scores_and_without_it_nothing_changes(tmp_path):
    earlier = read_earlier([searched(tmp_path / "one")], SPACE)
    pool = Pool(SPACE, SETTINGS, rng=np.random.default_rng(0))
    places = list(range(0, 40, 2))
    asked = np.arange(len(pool))

    def told(sign):
        prior = Prior(earlier)
        prior.archs = pool.archs
        inner, plain = (Predictor(pool, SETTINGS, rng=np.random.default_rng(0)) for _ in range(2))
        warm = WarmPredictor(inner, pool, prior)
        declared = prior.trust
        for place in places:
            arch = pool.archs[place]
            score = 55.0 + sign * (height(arch) - 55.0)
            curve = Curve(0, np.ones(9), np.full(9, score), (9,), np.ones(1), np.array([score]))
            warm.tell(arch, Level.MEDIUM, curve)
            plain.tell(arch, Level.MEDIUM, curve)
        return declared, prior.trust, warm, plain

    declared, trust, warm, plain = told(1.0)
    assert 0.3 < declared < trust
    others = asked[40:]
    assert (warm.posterior(others).std < plain.posterior(others).std).all()
    truth = [height(pool.archs[place]) for place in others]
    best = warm.screen(others, 20)
    assert np.mean([height(pool.archs[p]) for p in best.places]) > np.percentile(truth, 85)
    assert (np.diff(best.mean) <= 0).all()
    drawn = warm.paths(others, 6)
    assert drawn.shape == (len(others), 6)
    assert np.mean([np.corrcoef(draw, truth)[0, 1] for draw in drawn.T]) > 0.7
    _, trust, warm, plain = told(-1.0)
    assert trust == 0.0
    assert (warm.posterior(others).mean == plain.posterior(others).mean).all()
    assert (warm.screen(others, 20).places == plain.screen(others, 20).places).all()


def ended_at(factory, seed, budget_s=60 * 12.0):
    """Return the height of what a simulated search finds within 60 epochs."""
    setting = Setting(SPACE, BENCHMARK.fidelities, budget_s)
    searcher = factory(SPACE, BENCHMARK.fidelities, budget_s, 1, rng=stream(seed, "searcher"))
    executor = SimulatedExecutor(BENCHMARK, lambda arch, schedule, k: k, n_workers=1, accounting="resume")
    finished = search(searcher, executor, setting)
    assert finished.status == "ok", finished.why
    return height(finished.recommended[0])


def test_the_same_problem_helps_a_short_search_and_its_reverse_does_not_harm(tmp_path):
    same = read_earlier([searched(tmp_path / "same")], SPACE)
    reverse = read_earlier([searched(tmp_path / "reverse", sign=-1.0)], SPACE)
    cold, warm, misled = (
        np.array([ended_at(partial(factory, settings=SETTINGS), seed) for seed in range(6)])
        for factory in (PmfNas, partial(warm_pmf_nas, earlier=same), partial(warm_pmf_nas, earlier=reverse))
    )
    noise = 2.0 * np.std(cold - misled, ddof=1) / np.sqrt(6)
    assert warm.mean() > cold.mean() + 1.0
    assert misled.mean() > cold.mean() - max(noise, 1.0)


def made():
    """Return a training function without a module, as one from a script is."""

    def train(arch, run):
        for epoch in run.epochs:
            run.report(train_loss=1 / epoch, valid_acc=0.5 + 0.1 * arch.depth + epoch / 1000)

    train.__module__ = "__main__"
    return train


def test_a_search_begins_with_an_earlier_one_and_its_claim_says_so(tmp_path):
    rows = [((i % 4, 0, i % 3, i % 5), "short", 2, 20.0 + 10.0 * (i % 4)) for i in range(12)]
    earlier = kept(tmp_path / "earlier", SPACE, rows)
    given = {"train": made(), "space": SPACE, "schedules": {"short": 2, "long": 4}, "budget": "3s", "seed": 0}
    given |= {"metric": "valid_acc", "searcher": None, "n_workers": 1, "timeout": None, "out": tmp_path / "new"}
    warm, cold = checked(**given, after=earlier), checked(**given)
    made_now = warm.searcher(SPACE, warm.fidelities, 3.0, 1, rng=np.random.default_rng(0))
    decision = made_now.ask((), 3.0)
    assert isinstance(decision, Submit)
    assert decision.requests[0].arch[0] == 3  # of which most is expected
    assert "archs of earlier" in json.dumps(warm.claim())
    assert warm.claim() != cold.claim()
    assert warm.claim()["searcher"] == cold.claim()["searcher"] == "pmf_nas"


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (3, "after is 3, but must be the folder of an earlier search"),
        ("nothing", "nothing, which holds no search"),
        ("other", "holds 'table2', but must be a pmfnas.search"),
        ("begun", "whose search has not ended"),
        ("few", "of which 3 archs with a value exist in space too, but at least 5"),
        ("strange", "whose choices are blocks, but space has none of them: depth, width, kind, lr"),
        ("out", "which is out itself"),
    ],
)
def test_what_cannot_be_begun_with_is_refused(tmp_path, monkeypatch, after, message):
    monkeypatch.chdir(tmp_path)
    for name, experiment in (("other", "table2"), ("begun", "problem")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spec.json").write_text(json.dumps({"experiment": experiment}))
    kept(tmp_path / "few", SPACE, [((i, 0, 0, 0), "short", 2, 50.0) for i in range(3)])
    strange = pmfnas.Choices(blocks=list(range(9)))
    kept(tmp_path / "strange", strange, [((i,), "short", 2, 50.0) for i in range(9)])
    with pytest.raises(InputError, match=message):
        pmfnas.search(made(), SPACE, schedules=2, budget="1s", out="out", after=after, progress=False)
    assert not (tmp_path / "out").exists()


def test_another_searcher_begins_with_nothing(tmp_path):
    with pytest.raises(InputError, match="after is what PMF-NAS begins with"):
        pmfnas.search(made(), SPACE, schedules=2, budget="1s", out=tmp_path / "o", after=tmp_path, searcher=PmfNas)

"""Stands in for Optuna: the few names that `baselines/peers/optuna_peer.py` uses, with checks of how it uses them."""

import random  # noqa: TID251  as the package does; it cannot count on numpy
from types import SimpleNamespace

logging = SimpleNamespace(ERROR=40, set_verbosity=lambda level: None)
samplers = SimpleNamespace(TPESampler=lambda *, seed: random.Random(seed))
pruners = SimpleNamespace(HyperbandPruner=lambda **settings: settings)
trial = SimpleNamespace(TrialState=SimpleNamespace(FAIL="fail", PRUNED="pruned"))


class Trial:
    def __init__(self, study):
        self.study, self.reports = study, {}

    def suggest_categorical(self, name, choices):
        assert name.startswith("p")
        return self.study.rng.choice(choices)

    def report(self, value, step):
        assert not self.reports or step > max(self.reports), "steps must rise"
        assert 0 <= value <= 100
        self.reports[step] = value

    def should_prune(self):
        step = max(self.reports)
        at_step = self.study.values.setdefault(step, [])
        at_step.append(self.reports[step])
        return self.reports[step] < sorted(at_step)[-max(1, len(at_step) // 3)]


class Study:
    def __init__(self, rng):
        self.rng, self.values, self.told = rng, {}, []

    def ask(self):
        return Trial(self)

    def tell(self, told, value=None, state=None):
        assert told not in self.told, "told twice"
        assert (value is None) != (state is None)
        self.told.append(told)


def create_study(*, study_name, direction, sampler, pruner):
    assert direction == "maximize"
    assert (pruner["min_resource"], pruner["max_resource"]) == (1, 12)
    return Study(sampler)

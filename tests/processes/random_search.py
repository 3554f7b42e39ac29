"""Random search through the client of the process protocol."""

import random  # noqa: TID251  the client knows no numpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "baselines" / "peers"))

from protocol_client import serve, submit, train


class RandomSearch:
    def __init__(self, hello):
        self.hello, self.rng, self.best = hello, random.Random(hello.seed), None
        print("what is printed goes to standard error")

    def ask(self, running, remaining_s):
        return submit(train(self.hello.space.sample(self.rng), "12", 0, 12), reasons=[{"n": len(running)}])

    def tell(self, ticket, outcome):
        if outcome.status == "ok" and (self.best is None or outcome.last_valid_acc > self.best[0]):
            self.best = (outcome.last_valid_acc, ticket.arch)

    def recommend(self):
        return [self.best[1]] if self.best else []


serve(RandomSearch, name="random search", version="1", settings={"epochs": 12, "eta": 0.5, "note": None})

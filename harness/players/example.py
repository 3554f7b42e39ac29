"""Writes a working searcher to a new file, as a starting point for the user's own."""

import keyword
import re
import sys
from pathlib import Path

from pmfnas.core.errors import InputError
from pmfnas.files import write_text

_EXAMPLE = '''"""Local search: archs next to the best so far, each trained to the end of the shortest schedule."""

from pmfnas.core.types import Ok, Stop, Submit, Train, Wait


class {name}:
    def __init__(self, space, fidelities, budget_s, n_workers, *, rng):
        self.space, self.rng = space, rng  # draw from rng alone: the same seed must give the same search
        self.schedule = fidelities.schedules[0]
        self.asked = set()
        self.accuracies = {{}}  # arch -> validation accuracy in percent

    def ask(self, running, remaining_s):
        arch = self._next()
        if arch is None:
            return Wait() if running else Stop("every arch was tried")
        self.asked.add(arch)
        return Submit((Train(arch, self.schedule.name, start=0, stop=self.schedule.epochs),))

    def tell(self, ticket, outcome):
        if isinstance(outcome, Ok):  # it may also be Diverged, Failed or Cancelled
            self.accuracies[ticket.request.arch] = outcome.curve.last_valid_acc

    def recommend(self):
        return sorted(self.accuracies, key=self.accuracies.get, reverse=True)[:10]

    def _next(self):
        near = [a for best in self.recommend()[:1] for a in self.space.neighbours(best)]
        drawn = [self.space.sample(rng=self.rng) for _ in range(100)]
        new = [a for a in near if a not in self.asked] or [a for a in drawn if a not in self.asked]
        return new[self.rng.integers(len(new))] if new else None
'''


def write_example(name: str) -> tuple[Path, str]:
    """Write the searcher to a new file `name` in the current folder; return its path and the name of its class.

    Raises:
        InputError: as `write_new`.
    """
    class_name = "".join(part.capitalize() for part in name.removesuffix(".py").split("_"))
    return write_new(name, _EXAMPLE.format(name=class_name)), class_name


def write_new(name: str, text: str) -> Path:
    """Write a text to a new file `name.py` in the current folder, and return its path.

    Raises:
        InputError: `name` is not a valid module name, or the file exists.
    """
    stem = name.removesuffix(".py")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem) or keyword.iskeyword(stem) or stem in sys.stdlib_module_names:
        raise InputError(f"name is {name!r}, but must be a module name of your own in small letters, such as my_search")
    path = Path(f"{stem}.py")
    if path.exists():
        raise InputError(f"{path} exists already and is not touched; choose another name")
    write_text(path, text)
    return path

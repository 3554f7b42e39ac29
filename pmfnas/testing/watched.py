"""Wraps a searcher and checks rules that the referee cannot check."""

from collections.abc import Callable, Sequence

from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Searcher
from pmfnas.core.types import Arch, Curve, Decision, Diverged, Ok, Outcome, Ticket
from pmfnas.loop.referee import guarded


class Watched:
    """A wrapped searcher that is asked more often than in a run. Implements `pmfnas.core.ports.Searcher`.

    It must give the same recommendation twice in a row, and before and after `ask`: only `tell` may change the
    recommendation. Curves are read-only when they are told, because a searcher that writes into one would change the
    record.
    """

    def __init__(self, searcher: Searcher, interfere: Callable[[], None]) -> None:
        """Wrap a searcher; `interfere` is called before every question to it."""
        self._searcher, self._interfere = searcher, interfere
        self._recommended: tuple[Arch, ...] = ()
        self.decisions: list[Decision] = []
        """Every answer of `ask` so far."""

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the searcher's decision; raise `ContractError` if asking changes its recommendation."""
        self._interfere()
        decision = guarded("ask", lambda: self._searcher.ask(running, remaining_s))
        self.decisions.append(decision)
        if self._twice() != self._recommended:
            raise ContractError("ask changed what recommend answers, but only what is told may change it")
        return decision

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Tell the searcher an outcome whose curve is read-only."""
        self._interfere()
        if isinstance(outcome, Ok | Diverged):
            _seal(outcome.curve)
        self._searcher.tell(ticket, outcome)

    def recommend(self) -> Sequence[Arch]:
        """Return the searcher's recommendation; raise `ContractError` unless it gives the same twice."""
        self._recommended = self._twice()
        return self._recommended

    def check_end(self) -> None:
        """Raise `ContractError` unless the recommendation is the same as after the last outcome."""
        if self._twice() != self._recommended:
            raise ContractError("recommend changed after the last tell, but only what is told may change it")

    def _twice(self) -> tuple[Arch, ...]:
        first, again = self._once(), self._once()
        if first != again:
            raise ContractError(f"recommend answered {first[:1]}, then {again[:1]}, with nothing told between")
        return first

    def _once(self) -> tuple[Arch, ...]:
        self._interfere()
        return guarded("recommend", lambda: tuple(self._searcher.recommend()))


def _seal(curve: Curve) -> None:
    for values in (curve.train_loss, curve.train_acc, curve.valid_loss, curve.valid_acc):
        values.setflags(write=False)

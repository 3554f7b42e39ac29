"""What a reader asks to see of a folder's tables and figures."""

from collections.abc import Collection
from dataclasses import dataclass

from harness.show.looks import MOST_COLOURED
from pmfnas.core.errors import InputError, unknown_name


@dataclass(frozen=True, slots=True)
class View:
    """The choices of `--show` and `--published`."""

    show: tuple[str, ...] = ()
    """Searchers drawn in colour; empty for the leading ones."""
    published: bool = False
    """Whether the tables have rows of other papers."""

    def check(self, known: Collection[str]) -> None:
        """Raise `InputError` where `show` names an unknown searcher, or more than a figure has colours for."""
        for name in self.show:
            if name not in known:
                raise unknown_name("--show", name, known)
        if len(set(self.show)) > MOST_COLOURED:
            raise InputError(
                f"--show names {len(set(self.show))} searchers, but a figure has colours for {MOST_COLOURED}; "
                "name fewer"
            )


AS_USUAL = View()
"""The leading searchers in colour, no rows of other papers."""

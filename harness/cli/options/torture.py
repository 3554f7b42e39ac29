"""Options of `torture`, the long tests of trust."""

import argparse

from harness.cli import arguments
from harness.cli.options.names import KINDS_OF_TORTURE
from pmfnas.core.errors import unknown_name

_TEXT = """Tries to break the program, in eight ways, and measures what holds: `kills` (processes killed at random
moments), `disks` (disks that are full or read-only, two writers, jumping clocks), `files` (hostile files), `fuzz`
(inputs changed at random), `names` (names that would break a page or leave a folder), `bits` (one flipped bit),
`determinism` (the same bytes whatever the machine is set to), `supply` (what is installed, and what reaches for a
network)."""

_EXAMPLES = {
    "torture": "all of it, within 18 minutes on two cores",
    "torture --smoke": "a few tries of everything, in about two minutes: no claim",
    "torture --only kills,bits --seconds 300": "",
    "torture --only fuzz --seed 7": "other changes at random",
    "torture --seconds 3600": "more time, for a slow or busy machine",
    "torture --write-page": "docs/reference/torture.md again, from the committed goals",
}

_READING = """
Every row is a goal and what was measured. SHORT: the goal is not reached; the row names the first fault. unchecked:
this machine lacks what is needed. Exit 1: a goal is not reached."""

SECONDS, SMOKE_SECONDS = 1080, 100


def kinds(text: str) -> tuple[str, ...]:
    """Return the named kinds, each once; raise `InputError` for an unknown one."""
    given = arguments.names_of("--only")(text)
    for name in given:
        if name not in KINDS_OF_TORTURE:
            raise unknown_name("--only", name, KINDS_OF_TORTURE)
    return tuple(dict.fromkeys(given))


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES, reading=_READING)
    some = f"some of: {', '.join(KINDS_OF_TORTURE)}; other goals of --out are kept (default: all)"
    verb.add_argument("--only", type=kinds, default=KINDS_OF_TORTURE, metavar="A,B", help=some)
    limit = f"time for all of it; what is not done by then falls short (default {SECONDS})"
    verb.add_argument("--seconds", type=arguments.whole("--seconds", 10), metavar="N", help=limit)
    verb.add_argument(
        "--seed", type=arguments.whole("--seed", 0), default=0, metavar="N", help="of all that is drawn (default 0)"
    )
    arguments.add_out(verb, "where the table goes (default results/torture[-smoke])")
    arguments.add_smoke(verb, "a few tries of everything: no claim")
    arguments.add_update_reference(verb)
    verb.add_argument("--write-page", action="store_true", help="write the page in the documents, and try nothing")

"""Options of `new-searcher`, `new-family` and `check-searcher`."""

import argparse

from harness.cli import arguments

_NEW = """Writes a searcher that works, about thirty lines of Python, to a new file in this folder, to be changed.
docs/tutorials/own-searcher.md goes on from there."""

_FAMILY = """Writes a family of networks like MobileNetV2, about fifty lines of torch, to a new file in this folder, to
be changed. docs/tutorials/own-networks.md goes on from there."""

_CHECK = """Runs a searcher through the rules of the game on a synthetic benchmark, and explains each rule that it
breaks: what was done, what happened, what to do. Exit 0: it keeps them; 1: a check failed; 2: it cannot be made."""


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    if verb.get_default("verb") == "new-searcher":
        examples = {"new-searcher my_search": "writes my_search.py with the class MySearch"}
        examples["check-searcher my_search.py:MySearch"] = "does it keep the rules?"
        arguments.teach(verb, _NEW, examples)
        verb.add_argument("name", help="of the file, e.g. my_search; the class is called MySearch")
        return
    if verb.get_default("verb") == "new-family":
        arguments.teach(verb, _FAMILY, {"new-family my_family": "writes my_family.py with the class Family"})
        verb.add_argument("name", help="of the file, e.g. my_family")
        return
    examples = {
        "check-searcher my_search.py:MySearch": "a class in a file",
        'check-searcher --command "node my_search.js"': "a program in any language; docs/reference/protocol.md",
        "check-searcher rules.py:FixedOrder --deterministic": "it draws nothing on purpose",
    }
    arguments.teach(verb, _CHECK, examples)
    verb.add_argument("searcher", nargs="?", metavar="FILE.py:CLASS", help="a class in a file")
    verb.add_argument("--command", metavar="COMMAND", help="a program, instead of a class")
    verb.add_argument("--deterministic", action="store_true", help="it draws nothing: all seeds are alike")

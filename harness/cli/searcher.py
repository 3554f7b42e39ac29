"""The work of `new-searcher` and `check-searcher`: a working example to begin with, and the contract explained."""

import argparse

from harness.host.front import typed
from harness.players.checking import check
from harness.players.example import write_example
from harness.players.file import from_command, from_file
from harness.players.process import Limits
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory


def run(options: argparse.Namespace) -> int:
    """Write an example, or check a searcher."""
    return _new(options.name) if options.verb == "new-searcher" else _check(options)


def _new(name: str) -> int:
    path, class_name = write_example(name)
    print(f"{path} is written. Next:")
    print(f"  {typed('check-searcher', f'{path}:{class_name}')}")
    print(f"  {typed('compare', '--searcher', f'{path}:{class_name}')}")
    return 0


def _check(options: argparse.Namespace) -> int:
    """Run every check, explain those that fail, and return 1 where one does."""
    if bool(options.searcher) == bool(options.command):
        raise InputError("check-searcher needs one of FILE.py:CLASS and --command")
    name: str
    factory: SearcherFactory
    name, factory = from_command(options.command, Limits()) if options.command else from_file(options.searcher)
    passed = check(name, factory, is_random=not options.deterministic, say=lambda text: print(text, flush=True))
    return 0 if passed else 1

"""The work of `new-searcher` and `new-family` (write working examples) and `check-searcher` (explains the contract)."""

import argparse

from harness.host.front import typed
from harness.players.checking import check
from harness.players.example import write_example, write_new
from harness.players.file import from_command, from_file
from harness.players.process import Limits
from harness.search.example import EXAMPLE
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory


def run(options: argparse.Namespace) -> int:
    """Write an example, or check a searcher."""
    if options.verb == "new-family":
        return _new_family(options.name)
    return _new(options.name) if options.verb == "new-searcher" else _check(options)


def _new(name: str) -> int:
    path, class_name = write_example(name)
    print(f"{path} is written. Next:")
    print(f"  {typed('check-searcher', f'{path}:{class_name}')}")
    print(f"  {typed('compare', '--searcher', f'{path}:{class_name}')}")
    return 0


def _new_family(name: str) -> int:
    path = write_new(name, EXAMPLE)
    print(f"{path} is written. Next, with your folder of class folders:")
    data = ("--dataset", "mine", "--data-dir", "photos", "--budget", "2h")
    print(f"  {typed('search', '--space', f'{path}:Family', *data)}")
    return 0


def _check(options: argparse.Namespace) -> int:
    """Run every check, explain the failures, and return 1 if a check fails."""
    if bool(options.searcher) == bool(options.command):
        raise InputError("check-searcher needs one of FILE.py:CLASS and --command")
    name: str
    factory: SearcherFactory
    name, factory = from_command(options.command, Limits()) if options.command else from_file(options.searcher)
    passed = check(name, factory, is_random=not options.deterministic, say=lambda text: print(text, flush=True))
    return 0 if passed else 1

"""The work of `completion`."""

import argparse

from harness.cli.main import build_parser
from pmfnas.core.errors import InputError

PROGRAM = "reproduce.sh"


def run(options: argparse.Namespace) -> int:
    """Print the script; raise `InputError` if the package that writes it is not installed."""
    try:
        import shtab
    except ModuleNotFoundError:
        raise InputError(
            "shtab is not installed; install the extra: pip install -c constraints.txt '.[completion]'"
        ) from None
    parser = build_parser()
    parser.prog = PROGRAM
    print(shtab.complete(parser, options.shell))
    return 0

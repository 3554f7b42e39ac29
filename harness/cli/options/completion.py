"""Options of `completion`."""

import argparse

from harness.cli import arguments

SHELLS = ("bash", "zsh")

_TEXT = """Prints a script that completes verbs and options of ./reproduce.sh in a shell. Needs the package shtab (the
extra `completion`)."""


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    examples = {"completion bash > ~/.pmfnas-completion": "then in ~/.bashrc: source ~/.pmfnas-completion"}
    examples["completion zsh > ~/.zfunc/_reproduce.sh"] = "a folder of $fpath"
    arguments.teach(verb, _TEXT, examples)
    verb.add_argument("shell", choices=SHELLS, help="of which shell")

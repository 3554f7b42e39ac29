"""The virtual environments of the packages in `baselines/peers`: made on demand, complete or absent, and reused.

    CACHE/peers/dehb-3f0c4d1e9a7b/      a virtual environment of Python 3.11 or 3.12
    CACHE/peers/dehb-.../made           written last; an environment without it is none

The name ends in a hash of the requirements and the Python version, so a changed file makes a new environment. It is
made under a temporary name and renamed once its script starts in it. pip keeps the user's own settings.
"""

import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.host.cache import cache_folder
from harness.host.code import ROOT
from pmfnas.core.errors import PmfnasError

SCRIPTS = ROOT / "baselines" / "peers"
CACHE = "PMFNAS_PEERS"
INTERPRETER = "PMFNAS_PEERS_PYTHON"
PYTHONS = ("3.11", "3.12")
MARK = "made"
LIMIT_S = 1800.0
N_LINES = 8


class AbsentError(PmfnasError):
    """An environment cannot be made; its players are marked absent, with this message as the reason."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A package at a version: its pinned requirements, and the script that drives it."""

    name: str
    script: str

    @property
    def requirements(self) -> Path:
        """The file of exact pins."""
        return SCRIPTS / "requirements" / f"{self.name}.txt"

    @property
    def script_path(self) -> Path:
        """The script that speaks the process protocol."""
        return SCRIPTS / self.script


def cache_root() -> Path:
    """Return the folder of the environments: the user's cache, or the folder that `PMFNAS_PEERS` names."""
    return cache_folder(CACHE, "peers")


def existing(environment: Environment) -> Path | None:
    """Return the interpreter of an environment, of any supported Python; None if it does not exist."""
    for version in PYTHONS:
        folder = _folder(environment, version)
        if (folder / MARK).exists():
            return _python_of(folder)
    return None


def make(environment: Environment) -> Path:
    """Return the interpreter of the environment, which is made first if it does not exist.

    Raises:
        AbsentError: no fitting Python, pip fails, or the script does not start; with the last lines of what failed.
    """
    found = existing(environment)
    if found is not None:
        return found
    base, version = interpreter()
    folder = _folder(environment, version)
    work = folder.with_name(f".{folder.name}.making-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fill(environment, base, work)
        _put_in_place(work, folder)
    except OSError as error:
        raise AbsentError(f"{folder.parent} cannot be written ({error.strerror}); name another in {CACHE}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _python_of(folder)


def interpreter() -> tuple[str, str]:
    """Return the Python that environments are made with, and its version; raise `AbsentError` where none fits."""
    named = os.environ.get(INTERPRETER)
    for candidate in [named] if named else [sys.executable, *(f"python{version}" for version in PYTHONS)]:
        version = _version(candidate)
        if version in PYTHONS:
            return candidate, version
    wanted = " or ".join(PYTHONS)
    if named:
        raise AbsentError(f"{INTERPRETER} is {named!r}, but must name a Python {wanted}")
    raise AbsentError(f"no Python {wanted} was found; install one, or name it in {INTERPRETER}")


def _version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _folder(environment: Environment, version: str) -> Path:
    digest = hashlib.sha256(environment.requirements.read_bytes() + version.encode()).hexdigest()[:12]
    return cache_root() / f"{environment.name}-{digest}"


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _fill(environment: Environment, base: str, folder: Path) -> None:
    """Make the environment in `folder`, and write the mark once its script starts."""
    python = str(_python_of(folder))
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    _run("python -m venv", [base, "-m", "venv", str(folder)])
    _run("pip", [*pip, "--no-deps", "--prefer-binary", "--requirement", str(environment.requirements)])
    _run(environment.script, [python, str(environment.script_path), "--help"])
    (folder / MARK).write_text("")


def _run(what: str, command: Sequence[str]) -> None:
    """Run a command; raise `AbsentError` with its last lines where it fails."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        raise AbsentError(f"{what} did not end within {LIMIT_S:.0f} s") from None
    except OSError as error:
        raise AbsentError(f"{what} cannot be started ({error.strerror})") from None
    if done.returncode != 0:
        raise AbsentError(f"{what} failed: {last_lines(done.stdout)}")


def last_lines(text: str) -> str:
    """Return the last lines of a program's output on one line, without folders of this machine."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return re.sub(r"(?:/[^\s:,'\"]+)+/", "", " / ".join(lines[-N_LINES:]))


def _put_in_place(work: Path, folder: Path) -> None:
    """Rename a finished environment to its final name, unless another process made it meanwhile."""
    if folder.exists() and not (folder / MARK).exists():
        shutil.rmtree(folder)
    try:
        work.rename(folder)
    except OSError:
        if not (folder / MARK).exists():
            raise


def size_mb(python: Path) -> float:
    """Return the size of the environment that `python` belongs to, in MB."""
    total = 0
    for file in python.parents[1].rglob("*"):
        with suppress(OSError):
            total += 0 if file.is_symlink() or not file.is_file() else file.stat().st_size
    return total / 1e6

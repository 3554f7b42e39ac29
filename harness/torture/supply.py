"""What is installed and what reaches for a network: checksums, vulnerabilities, the wheel, and sockets."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from harness.host.code import ROOT
from harness.torture.children import Trial, harness, last_words
from harness.torture.goals import Goal, judged, unchecked
from harness.torture.subjects import OWN_SEARCH, search_of_pictures

CORE, PINS = ROOT / "requirements-core.txt", ROOT / "constraints.txt"
_NO_NETWORK = """
import sys

def refuse(event, given):
    asks = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    sends = event in ("socket.connect", "socket.bind", "socket.sendto") and isinstance(given[1], tuple)
    if asks or sends:
        with open({log!r}, "a") as log:
            log.write(f"{{event}} {{given[1:]!r}} by {{sys.argv[:3]}}\\n")
        raise OSError("the network is forbidden here")

sys.addaudithook(refuse)
"""
"""A `sitecustomize` that every process of a child runs first: it notes and refuses every use of a network."""
_RUN = ("--data", "surrogate", "--seeds", "1", "--budget", "1h", "--datasets", "cifar10", "--jobs", "2")


def goals(trial: Trial) -> list[Goal]:
    """Return what was found of the supply chain."""
    return [_checksums(), _vulnerabilities(trial), _wheel(trial), _network(trial)]


def _checksums() -> Goal:
    """Every package that the core needs is named with its version of the constraints, and with checksums."""
    listed, faults = named_with_hashes(CORE), list(unhashed())
    also = f"{sum(map(len, listed.values())):,} checksums"
    return judged("supply", "checksums of the core set", len(listed), len(listed), faults, unit="packages", also=also)


def named_with_hashes(file: Path) -> dict[str, list[str]]:
    """Return the packages of a file of requirements, `NAME==VERSION`, each with its checksums."""
    found: dict[str, list[str]] = {}
    package = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if named := re.match(r"([A-Za-z0-9._-]+==[^\s;]+)", line):
            package = _normal(named[1])
            found[package] = []
        found.setdefault(package, []).extend(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    found.pop("", None)
    return found


def unhashed() -> Iterator[str]:
    """Yield the packages that the core needs and that have no checksum, or another version than the constraints."""
    listed = named_with_hashes(CORE)
    pins = {_normal(line) for line in PINS.read_text(encoding="utf-8").split()}
    names = {package.partition("==")[0] for package in listed}
    yield from (f"{name} is needed, but not listed" for name in sorted(_needed() - names))
    yield from (f"{package} has no checksum" for package, hashes in listed.items() if not hashes)
    pinned = {pin.partition("==")[0] for pin in pins}
    for package in listed:
        if package not in pins and package.partition("==")[0] in pinned:
            yield f"{package} is not the version of constraints.txt"


def _needed() -> set[str]:
    """Return the names of all packages that are installed because the package itself needs them."""
    queue, found = ["pmfnas"], set[str]()
    while queue:
        name = queue.pop()
        for requirement in metadata.requires(name) or ():
            if "extra ==" in requirement or _is_elsewhere(requirement):
                continue
            other = _normal(re.split(r"[\s;<>=!~\[(]", requirement)[0])
            if other not in found and _is_installed(other):
                found.add(other)
                queue.append(other)
    return found


def _is_elsewhere(requirement: str) -> bool:
    """Whether a requirement is of another system than this, such as Windows."""
    return any(system in requirement for system in ("win32", "Windows", "emscripten")) and sys.platform != "win32"


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.partition("==")[0]).lower() + "".join(name.partition("==")[1:])


def _vulnerabilities(trial: Trial) -> Goal:
    """Ask pip-audit for known vulnerabilities; it asks an index, so without a network nothing is checked."""
    what, goal = "known vulnerabilities of the core set", "none"
    program = shutil.which("pip-audit") or ("pip-audit" if find_spec("pip_audit") else "")
    if not program:
        return unchecked(
            "supply", what, goal, "pip-audit is not installed; pip install pip-audit, anywhere on the PATH"
        )
    command = [program] if program != "pip-audit" else [sys.executable, "-m", "pip_audit"]
    options = (
        "--requirement",
        CORE,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    )
    limit_s = max(20.0, trial.left_s)
    try:
        done = subprocess.run(
            [*command, *map(str, options)], capture_output=True, text=True, check=False, timeout=limit_s
        )
        answer = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        return unchecked("supply", what, goal, f"pip-audit could not ask: {type(error).__name__}")
    asked = [package for package in answer if "skip_reason" not in package]
    if not asked:
        why = answer[0]["skip_reason"] if answer else ""
        return unchecked("supply", what, goal, f"the index knows no vulnerabilities: {why}")
    faults = [f"{p['name']} {p['version']}: {v['id']}" for p in asked for v in p["vulns"]]
    return judged("supply", what, len(asked), len(asked), faults, unit="packages")


def _wheel(trial: Trial) -> Goal:
    """Build the wheel, and look what it holds."""
    what, folder = "the wheel holds pmfnas only", trial.place.scratch / "wheel"
    if not find_spec("hatchling"):
        return unchecked("supply", what, "1 wheel, no fault", "hatchling is not installed; PMFNAS_EXTRAS=test")
    log = trial.place.scratch / "wheel.log"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    with log.open("wb") as stream:
        code = subprocess.run(command, cwd=ROOT, stdout=stream, stderr=stream, check=False).returncode
    wheels = sorted(folder.glob("*.whl"))
    if code or not wheels:
        return judged("supply", what, 1, 1, [f"it cannot be built: {last_words(log)}"], unit="wheels")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheels[0]).namelist()}
    foreign = sorted(name for name in tops if name != "pmfnas" and not name.endswith(".dist-info"))
    return judged("supply", what, 1, 1, [f"it holds {', '.join(foreign)}"] if foreign else [], unit="wheels")


def _network(trial: Trial) -> Goal:
    """Run verbs in processes in which every use of a network is noted and refused."""
    modules, uses = no_network(trial.place.scratch)
    extra = {"PYTHONPATH": f"{modules}:{trial.place.environment()['PYTHONPATH']}"}
    faults, commands = [], _commands(trial)
    for name, command in commands.items():
        log = trial.place.scratch / f"{name}.log"
        if code := trial.place.run(command, log, extra):
            faults.append(f"{name} ended with code {code}: {last_words(log)}")
    faults += uses.read_text(encoding="utf-8").splitlines() if uses.exists() else []
    n = len(commands)
    return judged("supply", "no network at run time", n, n, faults, unit="commands", also=", ".join(commands))


def no_network(folder: Path) -> tuple[Path, Path]:
    """Return a path of modules by which a process has no network, and the file that notes every try."""
    modules, uses = folder / "no-network", folder / "network.log"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(_NO_NETWORK.format(log=str(uses)), encoding="utf-8")
    return modules, uses


def _commands(trial: Trial) -> Mapping[str, list[str]]:
    at = trial.place.scratch
    (at / "own.py").write_text(OWN_SEARCH, encoding="utf-8")
    searchers = ("--searchers", "random_search,pmf_nas")
    found = {
        "table2": harness("run", "table2", *_RUN, *searchers, "--out", at / "out"),
        "report": harness("report", at / "out"),
        "data info": harness("data", "info", "--data", "surrogate"),
    }
    if not trial.smoke:
        found["explain"] = harness("explain", "nb201-cifar10/pmf_nas/s0000", "--in", at / "out")
        found["pmfnas.search"] = [sys.executable, str(at / "own.py"), str(at / "own")]
        if find_spec("torch"):
            found["search"] = search_of_pictures(at, at / "search")
    return found

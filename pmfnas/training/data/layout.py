"""Finds the pictures of a user's folder, their classes, and the parts of a split.

    DIR/cat, DIR/dog                                classes
    DIR/train/cat, DIR/val/cat, DIR/test/cat        parts with classes below them; val or test may be missing
    DIR/cat/train, DIR/cat/test                     classes with parts below them
    DIR/train/cat, DIR/train/dog                    one folder around the classes

Parts are recognised in their usual spellings (Training, valid, test_set, eval). Hidden files and folders, and those of
operating systems, are skipped. Within a class, pictures may lie in subfolders.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pmfnas.core.errors import DataError
from pmfnas.training.data.pictures import SUFFIXES
from pmfnas.training.data.splits import PARTS

_TRAINING, _VALIDATION, _TEST = PARTS
_EVALUATION = "evaluation"
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("train", "training", "trainval", "trn"), _TRAINING),
        **dict.fromkeys(("val", "valid", "validate", "validation", "dev"), _VALIDATION),
        **dict.fromkeys(("test", "testing", "tests", "tst", "holdout"), _TEST),
        **dict.fromkeys(("eval", "evaluation"), _EVALUATION),
    }
)
"""`evaluation` means validation; beside a validation part it means test."""
_FILLERS = frozenset({"", "data", "dataset", "images", "imgs", "part", "pictures", "samples", "seg", "set", "split"})
_LEFT_BEHIND = frozenset(
    {"__macosx", "__pycache__", "@eadir", "$recycle.bin", "desktop.ini", "lost+found", "system volume information",
     "thumbs.db"}
)  # fmt: skip
_MOST_LISTED = 5
"""Largest number of names in a note."""


@dataclass(frozen=True, slots=True)
class Found:
    """The picture files below a folder, with the class and the part of each."""

    files: tuple[Path, ...]
    classes: tuple[str, ...]
    """Class of each file."""
    parts: tuple[str, ...]
    """Part of each file, one of `PARTS`; empty if the folder has no parts."""
    class_names: tuple[str, ...]
    """Names of the classes in alphabetical order."""
    origin: str
    """Description of the folders of the parts, for the record."""
    notes: tuple[str, ...]


def find_pictures(root: Path) -> Found:
    """Return the pictures below `root` with their classes, and with their parts if there are any.

    Raises:
        DataError: there are no class folders, a class has no picture, or the folders are ambiguous.
    """
    survey = _Survey()
    parts = _parts_of(root, survey)
    if _TRAINING in parts and len(parts) > 1:
        by_part = {part: _classes_of(folder, survey) for part, folder in parts.items()}
        found = [(file, name, part) for part in PARTS for name, file in survey.pictures(by_part.get(part, {}))]
        names = _names_of_parts(root, parts, by_part, found)
        origin = f"folders {', '.join(parts[part].name for part in PARTS if part in parts)}"
    else:
        around = parts.get(_TRAINING, root)
        classes = _classes_of(around, survey)
        found, origin = _within(classes, survey)
        names = tuple(classes)
        _check_classes(around, classes, [name for _, name, _ in found])
    files, of, in_part = zip(*found, strict=True)
    return Found(files, of, in_part if origin else (), names, origin, survey.notes())


def part_called(name: str) -> str | None:
    """Return the part of a split that a folder's name means, or `evaluation`; None for any other name."""
    words = [word for word in re.split(r"[^a-z]+", name.lower()) if word not in _FILLERS]
    word = "".join(words) if words in (["train", "val"], words[:1]) else ""
    return _SPELLINGS.get(word) or _SPELLINGS.get(re.sub("(data|images|set|split)$", "", word))


class _Survey:
    """Lists folders and pictures, and remembers the skipped ones."""

    def __init__(self) -> None:
        self._skipped: set[str] = set()
        self._other: Counter[str] = Counter()
        self._astray: Counter[Path] = Counter()

    def folders(self, parent: Path) -> list[Path]:
        """Return the folders in `parent` in alphabetical order, without hidden ones and links to parent folders."""
        found: list[Path] = []
        for entry in _entries(parent):
            if not _is_folder(entry):
                continue
            if _is_hidden(entry.name) or (entry.is_symlink() and parent.resolve().is_relative_to(entry.resolve())):
                self._skipped.add(entry.name)
            else:
                found.append(entry)
        self._astray[parent] = sum(_is_picture(entry) for entry in _entries(parent) if not _is_folder(entry))
        return found

    def pictures(self, classes: Mapping[str, Path]) -> list[tuple[str, Path]]:
        """Return (class, file) of all pictures in class folders, in alphabetical order."""
        return [(name, file) for name, folder in classes.items() for file in self._below(folder)]

    def _below(self, folder: Path) -> list[Path]:
        found: list[Path] = []
        for entry in _entries(folder):
            if _is_hidden(entry.name) or (entry.is_symlink() and _is_folder(entry)):
                self._skipped.add(entry.name)
            elif _is_folder(entry):
                found += self._below(entry)
            elif _is_picture(entry):
                found.append(entry)
            else:
                self._other[entry.suffix.lower() or "without suffix"] += 1
        return sorted(found)

    def notes(self) -> tuple[str, ...]:
        """Return one line per kind of left-out file."""
        lines: list[str] = []
        if self._skipped:
            lines.append(f"note: left out, hidden or linked: {_first(sorted(self._skipped))}")
        if self._other:
            kinds = [f"{times:,} {kind}" for kind, times in sorted(self._other.items())]
            lines.append(f"note: left out, not a picture suffix: {_first(kinds)}")
        lines += [f"note: left out, {n:,} pictures in {at} outside its folders" for at, n in self._astray.items() if n]
        return tuple(lines)


def _first(some: Sequence[str]) -> str:
    rest = len(some) - _MOST_LISTED
    return ", ".join(some[:_MOST_LISTED]) + (f" and {rest:,} more" if rest > 0 else "")


def _is_folder(entry: Path) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        raise DataError(f"{entry} cannot be read ({error.strerror}); give a folder that can") from None


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror}); give a folder that can") from None


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower() in _LEFT_BEHIND


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not _is_hidden(file.name)


def _parts_of(root: Path, survey: _Survey) -> dict[str, Path]:
    """Return the folders of the parts below `root`; an empty dictionary if its folders are classes.

    Raises:
        DataError: other folders with pictures lie beside parts, a part occurs twice, or training is missing.
    """
    folders = survey.folders(root)
    called = [(part_called(folder.name), folder) for folder in folders]
    parts = [(part, folder) for part, folder in called if part]
    known = {part for part, _ in parts}
    if not (_TRAINING in known and len(parts) > 1) and len(parts) < len(folders):
        return {}
    others = [folder for part, folder in called if not part and _Survey().pictures({"": folder})]
    if others:
        raise DataError(
            f"--data-dir {root} holds {_listed(f for _, f in parts)}, parts of a split, beside {_listed(others)}; move "
            "one of the two"
        )
    found: dict[str, Path] = {}
    for part, folder in parts:
        known_as = (_TEST if _VALIDATION in known else _VALIDATION) if part == _EVALUATION else part
        if known_as in found:
            raise DataError(
                f"--data-dir {root} holds {found[known_as].name} and {folder.name}, both {known_as} images; join or "
                "rename them"
            )
        found[known_as] = folder
    if found and _TRAINING not in found:
        raise DataError(f"--data-dir {root} holds {_listed(found.values())}, parts of a split, but no train; add it")
    return found


def _classes_of(folder: Path, survey: _Survey) -> dict[str, Path]:
    """Return the class folders below `folder` by name. A single folder with the name of a part is entered first."""
    folders = survey.folders(folder)
    if len(folders) == 1 and part_called(folders[0].name):
        return _classes_of(folders[0], survey)
    return {entry.name: entry for entry in folders}


def _within(classes: Mapping[str, Path], survey: _Survey) -> tuple[list[tuple[Path, str, str]], str]:
    """Return (file, class, part) of all pictures in class folders, and a description of the parts, if any."""
    below = {name: _parts_below(folder, survey) for name, folder in classes.items()}
    if not any(below.values()):
        return [(file, name, "") for name, file in survey.pictures(classes)], ""
    if not all(below.values()):
        odd = next(name for name, parts in below.items() if not parts)
        raise DataError(f"class folder {classes[odd]} has no train folder, but others have; give all the same parts")
    found = [
        (file, name, part)
        for part in PARTS
        for name, parts in below.items()
        if part in parts
        for _, file in survey.pictures({name: parts[part]})
    ]
    return found, "folders of parts within each class"


def _parts_below(folder: Path, survey: _Survey) -> dict[str, Path]:
    """Return the parts within a class folder; an empty dictionary if its folders are not all parts."""
    called = [part_called(entry.name) for entry in _entries(folder) if _is_folder(entry) and not _is_hidden(entry.name)]
    return _parts_of(folder, survey) if _TRAINING in called and len(called) > 1 and all(called) else {}


def _names_of_parts(
    root: Path,
    parts: Mapping[str, Path],
    by_part: Mapping[str, Mapping[str, Path]],
    found: Sequence[tuple[Path, str, str]],
) -> tuple[str, ...]:
    """Return the classes of the parts. Raises `DataError` if another part has a class that training lacks."""
    _check_classes(parts[_TRAINING], by_part[_TRAINING], [name for _, name, part in found if part == _TRAINING])
    for part, classes in by_part.items():
        if not any(p == part for _, _, p in found):
            raise DataError(
                f"--data-dir {root}: folder {parts[part]} has no class folders with pictures; add or remove it"
            )
        extra = sorted({name for _, name, p in found if p == part} - set(by_part[_TRAINING]))
        if extra:
            raise DataError(
                f"class folder {classes[extra[0]]} has no counterpart in {parts[_TRAINING]}; add one, or rename "
                "or remove it"
            )
    return tuple(by_part[_TRAINING])


def _check_classes(folder: Path, classes: Mapping[str, Path], of_files: Sequence[str]) -> None:
    """Raise `DataError` unless `folder` has at least two class folders, each with pictures."""
    if len(classes) < 2 or not of_files:
        names = f" ({', '.join(classes)})" if classes else ""
        hint = "; if the classes lie within it, give that folder" if len(classes) == 1 else ""
        n_astray = sum(map(_is_picture, _entries(folder)))
        hint = f"; sort the {n_astray:,} pictures in it into a folder for each class" if n_astray else hint
        raise DataError(
            f"--data-dir {folder} has {len(classes)} class folders{names} and {len(of_files)} images in them; at "
            f"least two classes with images are needed{hint}"
        )
    for name, path in classes.items():
        if name not in of_files:
            raise DataError(f"class folder {path} has no image ({', '.join(sorted(SUFFIXES))}); add some or remove it")


def _listed(folders: Iterable[Path]) -> str:
    return ", ".join(folder.name for folder in folders)

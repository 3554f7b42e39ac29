"""The reference is read back as it was written, and a change by hand is noticed."""

import json

import numpy as np
import pytest

from harness.predictors.gate.reference import (
    DataName,
    PredictorName,
    accepted,
    checksum,
    read_reference,
    write_reference,
)
from pmfnas.core.errors import InputError

DATA = DataName("SURROGATE", "0123456789ab", None)
MINE = PredictorName("mine", "0.1.0", "aaaaaaaaaaaa")
VALUES = {
    "cifar10/n20/12@3": {"tau": np.array([0.7, 0.8, 0.9]), "crps_pct": np.array([2.0, 2.5, 3.25])},
    "cifar10/n20/12@0": {"tau": np.array([0.5, 0.5, 0.8]), "crps_pct": np.full(3, np.nan)},
}


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "folder" / "reference.json"
    write_reference(file, {"SURROGATE": accepted(None, VALUES, DATA, MINE, ("2025-01-31", "first"))})
    return file


def test_it_is_read_back(path):
    section = read_reference(path)["SURROGATE"]
    assert (section.data, section.predictor) == (DATA, MINE)
    for cell, measures in VALUES.items():
        for name, values in measures.items():
            np.testing.assert_array_equal(section.values[cell][name], values)
    (entry,) = section.history
    assert (entry.date, entry.reason, entry.fingerprint) == ("2025-01-31", "first", DATA.fingerprint)
    assert entry.means == {"tau": 0.7}


def test_means_and_intervals_are_in_it(path):
    group = json.loads(path.read_text())["sections"]["SURROGATE"]["groups"]["cifar10/n20/12@3"]
    assert group["tau"] == {"mean": 0.8, "low": 0.551586, "high": 1.048414, "values": [0.7, 0.8, 0.9]}
    assert '"values": [0.7, 0.8, 0.9]' in path.read_text(), "the values of a group are on one line"


def test_history_goes_on_and_other_sections_stay(path):
    before = read_reference(path)
    other = DataName("ANCHORED", "ba9876543210", "cccccccccccc")
    again = accepted(before["SURROGATE"], VALUES, DATA, MINE, ("2025-02-28", "second"))
    write_reference(path, {**before, "SURROGATE": again, "ANCHORED": accepted(None, VALUES, other, MINE, ("d", "w"))})
    after = read_reference(path)
    assert [entry.reason for entry in after["SURROGATE"].history] == ["first", "second"]
    assert after["ANCHORED"].data == other


def test_an_edited_value_is_noticed(path):
    path.write_text(path.read_text().replace("0.9]", "0.6]"))
    with pytest.raises(InputError, match=r"was edited.*--accept"):
        read_reference(path)


def test_an_edited_history_is_noticed(path):
    path.write_text(path.read_text().replace('"first"', '"improved"'))
    with pytest.raises(InputError, match="was edited"):
        read_reference(path)


def test_another_layout_of_the_same_content_is_not_an_edit(path):
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert read_reference(path).keys() == {"SURROGATE"}


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match=r"is missing.*regress --accept --reason"):
        read_reference(tmp_path / "none.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"sections": {}}'])
def test_a_wrong_reference_is_refused(tmp_path, text):
    file = tmp_path / "reference.json"
    file.write_text(text)
    with pytest.raises(InputError, match="restore it from version control"):
        read_reference(file)


def test_another_format_is_refused(path):
    document = json.loads(path.read_text()) | {"format": 2}
    path.write_text(json.dumps(document | {"checksum": checksum(document)}))
    with pytest.raises(InputError, match="has format 2, but must have 1"):
        read_reference(path)

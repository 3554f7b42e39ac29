import pytest

from pmfnas.core.errors import InputError
from pmfnas.spaces import SPACES, space_for


def test_every_space_goes_by_its_own_name():
    assert {name: space_for(name, n_classes=10, image_size=32).name for name in SPACES} == {n: n for n in SPACES}


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="space is 'darts', but must be one of: nats-sss, nb201"):
        space_for("darts", n_classes=10, image_size=32)


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        SPACES["mine"] = SPACES["nb201"]

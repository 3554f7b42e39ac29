import numpy as np

from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.losses import cut_off, recorded_trainings
from pmfnas.benchmarks.anchored.source import Source
from tests.support.releases.small_anchors import CUT_OFF, FOREIGN, N_COPIES, N_LOSSES, N_PAIRS, SECOND_RECORDED


def test_every_trial_has_the_accuracies_of_its_training(source: Source, identity: Identity):
    of_trial = identity.long.of_trial
    np.testing.assert_array_equal(of_trial >= 0, source.present)
    for arch, trial in zip(*np.nonzero(of_trial >= 0), strict=True):
        of_training = identity.long.valid_acc[of_trial[arch, trial]]
        np.testing.assert_allclose(of_training, source.valid_200[arch, :, trial], rtol=1e-6)
    assert len(np.unique(identity.long.key)) == len(identity.long)


def test_copies_share_their_trainings_and_their_network(identity: Identity):
    network, first = identity.networks.of_arch, len(CUT_OFF)
    for row in range(first, first + 2 * N_COPIES, 2):
        np.testing.assert_array_equal(identity.long.of_trial[row], identity.long.of_trial[row + 1])
        assert network[row] == network[row + 1]
    for row in range(first + 2 * N_COPIES, first + 2 * N_PAIRS, 2):  # isomorphic, but trained apart
        assert set(identity.long.of_trial[row]).isdisjoint(identity.long.of_trial[row + 1][:2])
        assert network[row] != network[row + 1]


def test_archs_cut_off_from_the_input_are_one_network(source: Source, identity: Identity):
    (cut,) = cut_off(identity)
    assert set(identity.networks.of_arch[: len(CUT_OFF)]) == {cut}
    members = np.flatnonzero(identity.networks.of_arch == cut)
    assert {source.archs[row] for row in members} >= set(CUT_OFF)
    assert (source.valid_12[members, 1] == 1.0).all()


def test_a_trial_of_a_smaller_cell_is_given_to_it_and_links_nothing(source: Source, identity: Identity):
    sizes = [sum(op in (2, 3) for op in source.archs[row]) for row in (FOREIGN, FOREIGN + 1)]
    assert sizes[0] != sizes[1]
    foreign = identity.long.of_trial[FOREIGN][source.present[FOREIGN]][-1]
    assert foreign == identity.long.of_trial[FOREIGN + 1, 0]
    smaller = FOREIGN + int(np.argmin(sizes))
    assert identity.long.network[foreign] == identity.networks.of_arch[smaller]
    assert identity.networks.of_arch[FOREIGN] != identity.networks.of_arch[FOREIGN + 1]


def test_a_network_is_represented_by_one_of_its_archs(identity: Identity):
    np.testing.assert_array_equal(identity.networks.of_arch[identity.networks.arch], np.arange(len(identity.networks)))


def test_the_recorded_trial_is_found_by_its_test_accuracy(source: Source, identity: Identity):
    trial = np.isin(np.arange(N_LOSSES), SECOND_RECORDED).astype(int)
    expected = identity.long.of_trial[np.arange(N_LOSSES), trial]
    np.testing.assert_array_equal(recorded_trainings(source, identity), expected)

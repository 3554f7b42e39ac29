"""Published searchers and learning-free controls, one file each. `SEARCHERS` maps their names to factories.

asha                    asynchronous successive halving
bohb                    Hyperband with a model that proposes
dehb                    Hyperband with differential evolution
hyperband               Hyperband
local_search            hill climbing
most_conv3x3            control: the most 3x3 convolutions first
most_params             control: the most parameters first
scan                    the largest archs first, which the controls share
random_search           random search
regularized_evolution   aging evolution
reinforce               policy gradient
successive_halving      successive halving
tpe                     tree-structured Parzen estimator
parts                   what several searchers share
peers                   the field's packages
predictors              published predictors
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from baselines.asha import Asha
from baselines.bohb import BOHB_NB201, Bohb
from baselines.dehb import Dehb
from baselines.hyperband import Hyperband
from baselines.local_search import LocalSearch
from baselines.most_conv3x3 import MostConv3x3
from baselines.most_params import MostParams
from baselines.parts.climbing import FULL
from baselines.random_search import RandomSearch
from baselines.regularized_evolution import RegularizedEvolution
from baselines.reinforce import Reinforce
from baselines.successive_halving import SuccessiveHalving
from baselines.tpe import Tpe
from pmfnas.core.ports import SearcherFactory

__all__ = ["SEARCHERS"]

SEARCHERS: Mapping[str, SearcherFactory] = MappingProxyType(
    {
        "asha": Asha,
        "asha_200": partial(Asha, ladder=FULL),
        "bohb": Bohb,
        "bohb_200": partial(Bohb, ladder=FULL),
        "bohb_nb201": BOHB_NB201,
        "dehb": Dehb,
        "hyperband": Hyperband,
        "hyperband_200": partial(Hyperband, ladder=FULL),
        "local_search": LocalSearch,
        "most_conv3x3": MostConv3x3,
        "most_params": MostParams,
        "random_search": RandomSearch,
        "regularized_evolution": RegularizedEvolution,
        "reinforce": Reinforce,
        "successive_halving": SuccessiveHalving,
        "successive_halving_200": partial(SuccessiveHalving, ladder=FULL, n_archs=200),
        "tpe": Tpe,
    }
)
"""Every searcher under the name that specs and the command line use."""

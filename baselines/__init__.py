"""Published searchers and learning-free controls, one file each, and the dictionary that names them."""

from collections.abc import Mapping
from types import MappingProxyType

from baselines.local_search import LocalSearch
from baselines.most_conv3x3 import MostConv3x3
from baselines.most_params import MostParams
from baselines.random_search import RandomSearch
from baselines.regularized_evolution import RegularizedEvolution
from baselines.reinforce import Reinforce
from baselines.tpe import Tpe
from pmfnas.core.ports import SearcherFactory

__all__ = ["SEARCHERS"]

SEARCHERS: Mapping[str, SearcherFactory] = MappingProxyType(
    {
        "local_search": LocalSearch,
        "most_conv3x3": MostConv3x3,
        "most_params": MostParams,
        "random_search": RandomSearch,
        "regularized_evolution": RegularizedEvolution,
        "reinforce": Reinforce,
        "tpe": Tpe,
    }
)
"""Every searcher under the name that specs and the command line use."""

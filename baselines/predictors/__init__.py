"""Published performance predictors and learning-free controls. `PREDICTORS` maps their names to factories.

curve_svr        support vectors on the partial curve, the arch and its size
extrapolation    parametric families of curves
from_encoding    regressions on the arch alone
last_valid       the last validation accuracy
sizes            parameters and operations
training_speed   sums of training losses
features         features that they share
fitting          what those based on scikit-learn share
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from baselines.predictors.curve_svr import CurveSvr
from baselines.predictors.extrapolation import CurveExtrapolation
from baselines.predictors.from_encoding import EncodingBoosting, EncodingForest, EncodingProcess
from baselines.predictors.last_valid import LastValid
from baselines.predictors.sizes import Flops, Params
from baselines.predictors.training_speed import SotlE, TseEma
from pmfnas.core.predictors import PredictorFactory

__all__ = ["PREDICTORS"]

PREDICTORS: Mapping[str, PredictorFactory] = MappingProxyType(
    {
        "curve_extrapolation": CurveExtrapolation,
        "curve_svr": CurveSvr,
        "flops": Flops,
        "gaussian_process": EncodingProcess,
        "gradient_boosting": EncodingBoosting,
        "last_valid": LastValid,
        "params": Params,
        "random_forest": EncodingForest,
        "sotl_e": SotlE,
        "tse_ema": TseEma,
        "tse_ema_09": partial(TseEma, gamma=0.9),
    }
)
"""Every predictor under the name that the study and the command line use."""

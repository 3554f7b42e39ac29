"""What is searched for, under the name that problems import it by; `pmfnas.core.metric` holds it."""

from pmfnas.core.metric import KNOWN, Goal, Metric, Unit, as_metric

__all__ = ["KNOWN", "Goal", "Metric", "Unit", "as_metric"]

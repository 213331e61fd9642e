"""Proportions: so many of so many.

- `Proportion`: groups of trials against a target and against the recent rate, from the first;
- `ProportionWatch`: the same series watched for exceptional slots and for changes of its level.
"""

from detectors.shares.proportion import Proportion
from detectors.shares.proportion_watch import ProportionWatch

__all__ = ["Proportion", "ProportionWatch"]

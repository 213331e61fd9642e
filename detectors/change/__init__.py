"""Has the level changed? Sequential tests for a change that lasts.

- `CUSUM`, `EWMA`: a change of about a known size, against a mean that is known or learned first;
- `PoissonFocus`, `NegativeBinomialFocus`, `GaussianFocus`: any onset and any size, exactly;
  `UncertainFocus`: the same against an expectation that is itself uncertain;
- `GLR`: the same within a window, for means that vary by season;
- `ShiryaevRoberts`: small changes of counts, against all that came before;
- `ADWIN`, `PageHinkley`: river's own, to compare with.
"""

from detectors.change.cusum import CUSUM
from detectors.change.ewma import EWMA
from detectors.change.focus import GaussianFocus, NegativeBinomialFocus, PoissonFocus
from detectors.change.glr import GLR
from detectors.change.river_detectors import ADWIN, PageHinkley
from detectors.change.shiryaev_roberts import ShiryaevRoberts
from detectors.change.uncertain_focus import UncertainFocus

__all__ = [
    "ADWIN",
    "CUSUM",
    "EWMA",
    "GLR",
    "GaussianFocus",
    "NegativeBinomialFocus",
    "PageHinkley",
    "PoissonFocus",
    "ShiryaevRoberts",
    "UncertainFocus",
]

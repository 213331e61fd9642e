"""Change and exceptional-volume detectors: pure statistics on numbers and times, no I/O."""

from detectors.base import Detector

__all__ = ["Detector"]

"""Control charts: limits from a baseline, rules about points, and when a centre line moves.

- `ControlChart`: a chart of any kind over one series, online. Its parts are functions:
- `limits`, `rare_event_charts`, `sample_charts`: centre and limits from a baseline;
- `rules`: which patterns of points are not chance; `rebase`: when the centre line moves;
- `chance`: how often a point is exceptional where nothing has changed.
"""

from detectors.charts.chart import ControlChart

__all__ = ["ControlChart"]

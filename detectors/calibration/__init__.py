"""What alarms are worth: false alarms, the delay and power of detection, and budgets of them.

- `alarm_budget`: a budget of false alarms, shared out over many watches;
- `episodes`: which alarms belong together; `simulation`: how many there are where nothing changes;
- `detection_delay`: how soon a change by a given factor is found;
- `false_discovery`: which of many flags of one report to show.
"""

"""What is kept on disk: checkpoints of records, panes and detectors, and records that have left."""

"""Kafka: topics, publishing, and the worker that feeds monitors from partitions."""

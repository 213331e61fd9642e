"""A monitor in one process, without Kafka: fed from files, its alerts in one file."""

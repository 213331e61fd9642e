"""Events over HTTP, of systems that can't speak Kafka: into Kafka, or into an embedded monitor."""

"""Search spaces: cell topologies (NAS-Bench-201) and channel sizes (the NATS-Bench size space)."""

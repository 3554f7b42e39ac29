"""Published packages as searchers. Each runs in its own process and environment, as a client of the harness."""

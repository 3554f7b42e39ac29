"""Contract checks of searchers, benchmarks and predictors, for our tests and for users' own."""

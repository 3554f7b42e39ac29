"""Tabular benchmarks: the curve table, and the modules that fill it from official files, packages and models."""

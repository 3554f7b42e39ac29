"""Searchers that run in their own process and environment, and the client with which they speak to the harness."""

"""Searching with real training: the device executor, the journal, the verbs `search` and `export`. Needs torch."""

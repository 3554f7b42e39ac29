"""PMF-NAS: predictor, stages, allocator, and the searcher that ties them together."""

"""The comparison on problems of one's own: three small problems, every arch of which was trained once.

A search on a recording sees the same figures and pays the same seconds as on the problem itself, but in no time, so
that many seeds of many searchers are cheap. The recordings are part of this folder.

    problem             a problem by name
    digits_mlp          scikit-learn: a network on digits, accuracy
    diabetes_boosting   scikit-learn: boosted trees on diabetes, error; larger is worse
    digits_cnn          torch: a convolutional network on digits, loss
    recording           trains every arch of a problem and keeps its curves and seconds
    recorded            the benchmark that reads a recording
    comparing           the runs of all searchers, and their statistics
    tables              the comparison as a page
    outputs             every output file
"""

"""Fits the shipped models and measures their error. Using the models needs none of this; it is not in the wheel.

The fits read test accuracy of tables and official files, because the models are fitted to it. `surrogate` and
`real_finals` need the extra `fit`: torch.

    surrogate            fits the surrogate of the topology space
    surrogate_report     its error, on archs that the fit did not use
    size_surrogate       fits the surrogate of the size space
    real_finals          fits the model of early epochs
    real_finals_report   its error, on archs that the fit did not use
"""

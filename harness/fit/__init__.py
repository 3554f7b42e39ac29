"""How the shipped models were fitted, and how near they come. Nothing here is needed to use them; not in the wheel.

The fits read test accuracy of tables and official files, because a model is made of it. `surrogate` and `real_finals`
need the extra `fit`: torch.

    surrogate            fits the surrogate of the topology space
    surrogate_report     how near it comes, on archs that the fit did not use
    size_surrogate       fits the surrogate of the size space
    real_finals          fits the model of early epochs
    real_finals_report   how near it comes, on archs that the fit did not use
"""

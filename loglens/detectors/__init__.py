"""One module a rule; one line here makes it run."""

DETECTORS: tuple[str, ...] = (
    "nan_loss",
    "exploding_gradient",
    "vanishing_gradient",
    "weight_growth",
    "divergence",
    "loss_not_decreasing",
)

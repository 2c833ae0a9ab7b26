"""Which curve is the loss, which the learning rate."""

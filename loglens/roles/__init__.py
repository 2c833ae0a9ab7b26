"""Assign roles to curves: which one is the loss, which the learning rate."""

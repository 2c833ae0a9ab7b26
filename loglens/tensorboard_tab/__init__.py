"""A tab in TensorBoard: the runs of its logdir with verdict, curves and remedies, judged in a process of its own."""

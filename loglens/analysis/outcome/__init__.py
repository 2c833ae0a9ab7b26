"""The outcome of a run, judged from all its progress curves together, before the rules say why."""

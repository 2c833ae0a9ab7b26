"""How a run went: judged from all its progress curves together, before the rules say why."""

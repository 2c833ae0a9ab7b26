"""Mutated real logs, reader by reader. A long campaign: python -m tests.fuzz --inputs 100000 --reader csv --seed 1."""

"""Mutated real logs, reader by reader: python -m tests.slow.fuzz --inputs 100000 --reader csv --seed 1."""

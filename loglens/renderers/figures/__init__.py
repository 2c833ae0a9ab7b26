"""The evidence of findings as figures."""

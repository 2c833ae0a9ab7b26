"""Callbacks of training frameworks that diagnose a run when its training ends: Hugging Face, Lightning, Keras."""

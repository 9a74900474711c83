"""Generators of code: samplers, tuning, and the tiny default model."""

"""Rounds of self-training: wiring, mining, the run store, reports, the command line."""

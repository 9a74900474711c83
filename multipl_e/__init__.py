"""Tasks, programs, executors, verdicts, metrics and evaluation reports in MultiPL-E's terms.

This package imports none of the others (generator, reranker, loop); they all build on it.
"""

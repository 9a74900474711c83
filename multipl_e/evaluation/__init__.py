"""Parts of an evaluation: the journal of finished rows, the summary, MultiPL-E's result files."""

"""The reward model that picks one candidate of many: training, scoring, selection."""

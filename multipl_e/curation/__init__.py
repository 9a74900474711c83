"""Making a set of verified tasks from raw problems (StepCoder's APPS+, METHODS.md section 2)."""

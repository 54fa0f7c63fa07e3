"""Degraded pictures to restored ones: tasks, options, inspection, and the restorer that joins them."""

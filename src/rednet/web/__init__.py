"""A page to look at and a service to call: one process, one queue, one network at a time."""

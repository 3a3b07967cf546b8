"""What belongs to the running process: threads, late imports, the id and the trace of what it does, its version."""

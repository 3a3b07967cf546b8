"""Background work: duties under a lease, the process that runs them, and its shutdown."""

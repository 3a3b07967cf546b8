"""What an operator sees: request ids, the access log, probes, metrics."""

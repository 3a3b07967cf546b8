"""Failovers and whole sites take their minute, and want the machine for themselves: `make test-cluster` runs them."""

import os

collect_ignore = [] if os.environ.get("TEST_FAILOVER") else ["test_failover.py", "test_site.py"]

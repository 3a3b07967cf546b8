"""Two workers at once need a database that two may write to: `make test-postgres` runs these."""

import os

collect_ignore_glob = [] if os.environ.get("DATABASE_URL", "").startswith("postgres") else ["test_*.py"]

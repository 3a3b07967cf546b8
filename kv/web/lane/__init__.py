"""The fast lane: the busiest public calls, answered in front of Django. `kv.web.fast_lane` makes it."""

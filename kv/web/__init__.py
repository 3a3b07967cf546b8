"""What pages and API views share: who calls, from where, how often, and text that comes in."""

"""Side by side with packages that do the same: one run, one machine, the same web server and databases."""

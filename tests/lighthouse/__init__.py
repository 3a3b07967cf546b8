"""Google's Lighthouse (npm `lighthouse`) looks at the public pages as on a slow phone."""

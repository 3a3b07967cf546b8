"""Pictures of every page, before and after a change: `make screenshots`.

var/screenshots/<page>-<width>-<scheme>-<language>.png, and index.html, which puts them beside those of another commit.
"""

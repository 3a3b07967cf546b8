"""The front ends of docs/frontend.md, each served from another port than the site, in a browser."""

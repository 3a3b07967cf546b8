"""/api/docs: the description of the API as one small page without scripts."""

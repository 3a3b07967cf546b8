"""Every key of the project by value: into a file and back, or straight from another server."""

"""What the API does, a module a noun. `dispatch.answer` finds the one that a request asks for."""

"""The forms of the app. Every error message says what to enter instead."""

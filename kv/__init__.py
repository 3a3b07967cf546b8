"""The floor: how anything in the project reaches Redis or Valkey. Knows none of the apps that stand on it."""

from kv.moved import forward_old_paths

forward_old_paths()

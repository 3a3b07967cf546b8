"""The base package: how the project reaches Redis or Valkey. It imports none of the apps that use it."""

from kv.moved import forward_old_paths

forward_old_paths()

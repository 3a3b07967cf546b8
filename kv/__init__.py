"""The floor: how anything in the project reaches Redis or Valkey. Knows none of the apps that stand on it."""

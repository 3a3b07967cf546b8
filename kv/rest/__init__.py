"""What the apps' API views share: JSON, one error shape, limits, the OpenAPI description."""

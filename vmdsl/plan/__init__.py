"""From a recipe to a checked plan: pure, and starting no program except mypy."""

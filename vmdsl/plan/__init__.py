"""From a recipe to a checked plan: pure, and no program is started but mypy."""

"""The language of recipes: steps, options, handles and operations."""

"""What the author of a recipe touches: steps, options, handles and operations."""

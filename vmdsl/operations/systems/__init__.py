"""Systems: where they come from, and how they grow."""

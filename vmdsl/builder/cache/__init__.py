"""The files that builds keep between them: layers, packages, indexes, failed trees."""

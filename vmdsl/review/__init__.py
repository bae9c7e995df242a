"""A plan as people review it: as text that reads well in a diff, and what changed between two."""

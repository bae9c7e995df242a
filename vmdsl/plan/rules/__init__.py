"""Rules for a plan as a whole. A rule sees all of it and reports all it finds."""

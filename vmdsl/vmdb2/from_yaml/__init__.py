"""Steps of vmdb2 as a recipe: what they mean, in operations of vmdsl."""

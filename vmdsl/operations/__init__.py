"""What a recipe can ask for: the calls that it makes, and what each of them does."""

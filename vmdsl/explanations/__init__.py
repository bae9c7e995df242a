"""Explanations of the kinds of mistakes: a file of Markdown in `texts` for each code."""

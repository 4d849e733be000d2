"""Recipes of the chapter on NLP."""

"""Exercises of the chapter on NLP."""

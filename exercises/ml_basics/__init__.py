"""Exercises of the chapter on the basics of machine learning."""

"""Exercises of the chapter on deep learning."""

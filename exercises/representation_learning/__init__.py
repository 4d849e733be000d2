"""Exercises of the chapter on representation learning."""

"""Exercises of the chapter on generative models."""

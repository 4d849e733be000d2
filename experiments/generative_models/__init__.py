"""Recipes of the chapter on generative models."""

"""Recipes of the chapter on reinforcement learning."""

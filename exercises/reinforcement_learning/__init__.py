"""Exercises of the chapter on reinforcement learning."""

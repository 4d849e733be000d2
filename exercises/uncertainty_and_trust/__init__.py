"""Exercises of the chapter on uncertainty and trust."""

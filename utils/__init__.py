"""What every lesson needs but no lesson teaches: data, training loop, plots, claims, checks."""

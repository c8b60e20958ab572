"""Settings that the papers leave open, chosen on validation likelihood with one budget for every row."""

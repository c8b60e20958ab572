"""What every other part may use: files, text, seeds, devices, how commands end. Imports nothing of ours."""

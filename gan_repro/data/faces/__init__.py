"""Face sets of one layout: TFD, and stand-ins for it."""

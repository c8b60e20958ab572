"""Tables as a pure function of the records."""

"""Numbers with their errors, intervals over seeds, and what consecutive states of a chain are worth."""

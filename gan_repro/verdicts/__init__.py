"""Rules fixed beforehand, and the verdicts that they give."""

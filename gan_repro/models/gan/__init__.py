"""The adversarial nets of Goodfellow et al. (2014) and what they are built of."""

"""The audit: which claims the records bear out, what the protocol's choices cost, whether records hold."""

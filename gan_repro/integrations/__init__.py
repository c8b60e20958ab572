"""The score inside other people's frameworks; each module needs an optional extra of its own name."""

"""Speed and memory, watched by asv: ``asv machine --yes && asv run``, then ``asv publish``."""

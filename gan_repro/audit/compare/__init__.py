"""`gan-repro compare A B`: which scores differ between two folders, commits or saved scores, and why."""

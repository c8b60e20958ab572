"""Bringing files here from mirrors, packages or the user's own folder, and checking what came."""

"""Experiments on the paper's claims and on the protocol: each leaves one record in results/experiments."""

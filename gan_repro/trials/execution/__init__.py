"""Running many trials: in order, in several processes, or on a cluster, and stopping them without a loss."""

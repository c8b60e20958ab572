"""Second opinions beside the Parzen score."""

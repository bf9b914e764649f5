"""Application Auto Scaling for the variants of endpoints, acting on the metrics that they emit."""

"""Evaluations by their predictions: fetched from S3, measured once, and compared row by row for the gates."""

"""Releases: the document, its digest, and the verification of everything it names."""

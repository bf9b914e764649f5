"""Endpoints as steps drive them: what to make, what to change, the proof that it is live, and what to remove."""

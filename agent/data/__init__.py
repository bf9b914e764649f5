"""Data snapshots: what a source holds, what the store lacks, and the manifest that names a version."""

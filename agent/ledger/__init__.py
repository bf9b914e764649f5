"""What was done, in the artifact bucket: step records, runs, releases, environments; written with conditional puts."""

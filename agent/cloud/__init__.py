"""The embedded cloud: AWS as modelyard needs it, for several accounts, on one machine."""

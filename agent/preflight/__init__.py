"""What a preflight looks at, one concern a file: each look answers findings, and none of them writes anything."""

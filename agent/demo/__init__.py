"""`modelyard demo`: the embedded cloud at work, from two empty accounts to an endpoint that answers."""

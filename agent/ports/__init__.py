"""What modelyard needs from the outside, as Protocols: steps know these, ``agent.aws`` and the tests implement them."""

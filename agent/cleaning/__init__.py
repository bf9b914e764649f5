"""What nothing needs any more: found by following addresses from what must stay, listed, and removed when asked."""

"""The pipeline as a whole: which steps in which order, where their inputs come from, and running them."""

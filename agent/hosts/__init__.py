"""Code hosts, as far as a build has something to say there: one comment on its pull request."""

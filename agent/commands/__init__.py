"""The subcommands of `modelyard`, one file each; heavy imports belong inside ``run``, never at the top."""

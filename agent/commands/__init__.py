"""The subcommands of `modelyard`, one file each; heavy imports belong inside ``run``, never at the top."""


def purpose(document: str | None) -> str:
    """What a command is for: the first line of its module, "`modelyard NAME`: …", after the name.

    The command line shows it without importing the module.
    """
    return (document or "").partition("\n")[0].partition(": ")[2].rstrip('."')

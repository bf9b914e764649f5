"""The build agent: everything that runs under modelyard's steps, commands and embedded cloud."""

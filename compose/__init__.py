"""How processes are put together: the command line, the all-in-one process, deployment files."""

"""The command line: arguments only. Every command is one module with one function, imported when it is asked for."""

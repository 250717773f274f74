"""`python -m agent.cli`: the command where the interpreter is known and the PATH is not."""

from agent.cli import main

if __name__ == "__main__":
    main()

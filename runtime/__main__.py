"""`python -m livedream.runtime`: the `livedream` command where it is not on the path."""

from .cli.main import main

if __name__ == "__main__":
    main()

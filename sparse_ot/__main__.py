"""``python -m sparse_ot``: the command line, see `sparse_ot.cli`."""

import sys

from sparse_ot.cli import main

if __name__ == "__main__":
    sys.exit(main())

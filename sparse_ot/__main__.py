"""``python -m sparse_ot``: the command line, see `sparse_ot.cli.app`."""

import sys

from sparse_ot.cli.app import main

if __name__ == "__main__":
    sys.exit(main())

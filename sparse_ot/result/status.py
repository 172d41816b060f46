"""Why a solve stopped: `Status`, which the core returns and every solution carries."""

from sparse_ot.core.status import Status

__all__ = ["Status"]

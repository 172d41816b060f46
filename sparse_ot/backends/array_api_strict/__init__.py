"""The array-api-strict backend; see `backend`."""

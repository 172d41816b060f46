"""array-api-strict, to test that the generic code keeps to the standard; see `backend`."""

PACKAGES = ("array_api_strict",)
REQUIREMENT = "array-api-strict"
ADVICE = "array-api-strict serves tests only: pip install --upgrade array-api-strict."
BACKEND = "backend:StrictBackend"
PUBLIC = False

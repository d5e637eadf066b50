"""What all tests share."""

import os

from hypothesis import settings

# A developer's run looks for new counterexamples; CI judges the change at hand, the same way every time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

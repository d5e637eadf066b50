"""What all tests share."""

import os

from hypothesis import settings

# A developer's run looks for new counterexamples; CI judges the change at hand, the same way every time. No deadline for one
# example: on a busy machine it would fail for what other programs do.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")

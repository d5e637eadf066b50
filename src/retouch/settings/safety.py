"""The settings of what the server guards against."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from retouch.settings.groups import Group

if TYPE_CHECKING:
    from retouch.safety.policy import SafetyPolicy

__all__ = ["SafetySettings"]


class SafetySettings(Group):
    """What the server guards against."""

    policy: Path | None = Field(
        default=None,
        description="TOML file with the rules of the checks; `retouch safety policy` prints the built-in one, which counts when "
        "this is not set.",
    )
    check_pictures: bool = Field(
        default=True,
        description="Whether pictures are checked on their way in and out, by each request's `safety_tolerance`. False lets "
        "everything through, and every answer says so.",
    )
    check_prompts: bool = Field(
        default=True,
        description="Whether prompts are checked by the policy's rules before anything is edited. True, since a server answers "
        "for what strangers have it make.",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Whether picture URLs may lead to loopback, private and link-local addresses. Only for a server whose "
        "callers may see the whole inner network.",
    )

    def read_policy(self) -> "SafetyPolicy":
        """Return the policy that counts.

        Raises
        ------
        ConfigurationError
            Its file can't be read, or something in it is wrong.
        """
        from retouch.safety.policy_file import load_policy

        read = load_policy(self.policy)
        return read if self.check_prompts else read.without_prompt_rules()

"""The settings of what answers say about their origin."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from retouch.settings.groups import Group

if TYPE_CHECKING:
    from retouch.provenance.signing import FileSigner

__all__ = ["ProvenanceSettings"]


class ProvenanceSettings(Group):
    """What answers say about their origin."""

    embed: bool = Field(
        default=True,
        description="Whether each answer says in its XMP that and by what it was edited, in the IPTC's vocabulary. No pixel "
        "changes. Law may ask for it: the EU's AI Act does, of whoever runs a generative engine.",
    )
    certificate: Path | None = Field(
        default=None,
        description="Certificate chain in PEM, the server's own first. With it, answers are signed by the C2PA specification "
        "(extra `retouch[c2pa]`). Signed files of the same request have the same pixels and other bytes.",
    )
    private_key: Path | None = Field(
        default=None, description="The certificate's key in PEM, without a password; EC, Ed25519 or RSA."
    )
    timestamp_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~\-/]*)?$",
        description="RFC 3161 timestamp authority that is asked for each signed answer. With it, signatures count beyond the "
        "certificate's end; without it, no other host is asked.",
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key are needed together")
        if self.timestamp_url is not None and self.certificate is None:
            raise ValueError("timestamp_url needs certificate and private_key")
        return self

    def create_signer(self) -> "FileSigner | None":
        """Return what signs answers; None where there is no certificate.

        Raises
        ------
        ConfigurationError
            Certificate and key do not fit, can't be used for signing, or the extra is not installed.
        """
        if self.certificate is None or self.private_key is None:
            return None
        from retouch.provenance.identity import load_identity
        from retouch.provenance.signing import C2paSigner

        return C2paSigner(load_identity(self.certificate, self.private_key), timestamp_url=self.timestamp_url)

"""What a file says about how it was made: XMP in every answer, C2PA where the operator has a certificate."""

"""What a proof may end with: leaves of the tree in ``errors``."""

from pipeline.core.errors import ReelmillError


class CertificateFailed(ReelmillError):
    """What was made differs from the source."""

    code = "certificate.failed"
    default_remedy = (
        "Look at the points that failed, then encode the asset again; "
        "if they fail again, report it with the certificate."
    )


class CertificateUnproven(CertificateFailed):
    """What was made could not be compared with the source."""

    code = "certificate.unproven"
    default_remedy = "Look at the worker's log, then encode the asset again."

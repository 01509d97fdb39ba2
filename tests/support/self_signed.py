"""A certificate of its own making for ``localhost``, and who trusts it."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SelfSigned:
    """Certificate and key."""

    certificate: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """Show it to whoever connects."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def trust(self) -> ssl.SSLContext:
        """Trust it, and nobody else."""
        return ssl.create_default_context(cafile=str(self.certificate))


def self_signed(folder: Path) -> SelfSigned:
    """Make one."""
    made = SelfSigned(folder / "cert.pem", folder / "key.pem")
    argv = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", str(made.key), "-out", str(made.certificate)),
    ]
    subprocess.run(argv, check=True, capture_output=True)
    return made

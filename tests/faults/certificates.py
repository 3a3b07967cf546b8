"""Certificates for a test: an authority, what it signs, and a stranger's."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
subjectAltName = IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[elsewhere]
basicConstraints = critical, CA:false
subjectAltName = DNS:elsewhere.example
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """server: for 127.0.0.1; elsewhere: signed as well, for another host; stranger: another authority."""

    authority: Pair
    server: Pair
    elsewhere: Pair
    stranger: Pair


def make_certificates(folder: Path) -> Certificates:
    """All of them, for one day. Raises CalledProcessError when openssl fails."""
    (folder / "openssl.cnf").write_text(_CONFIG)
    authority, stranger = _make(folder, "authority"), _make(folder, "authority", "stranger")
    return Certificates(
        authority, _make(folder, "server", by=authority), _make(folder, "elsewhere", by=authority), stranger
    )


def _make(folder: Path, kind: str, name: str = "", by: Pair | None = None) -> Pair:
    name = name or kind
    made = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    signing = ("-CA", by.certificate, "-CAkey", by.key) if by else ()
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
            "-config", folder / "openssl.cnf", "-extensions", kind, "-subj", f"/CN={name}",
            "-keyout", made.key, "-out", made.certificate, *signing,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return made

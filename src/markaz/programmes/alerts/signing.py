"""XML signatures of CAP messages: ours with the centre's key, and what can be said of those of others.

Enveloped signature over the whole message (XML Signature 1.1; CAP 1.2, section 3.3.4.1), RSA or ECDSA with SHA-256.
Only what was signed is believed: a signature that covers less than the whole message counts as broken.
"""

import hashlib
import os
from binascii import Error as Base64Error
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from markaz.contracts.alerts import SignatureState
from markaz.core.db.folder import sync_folder
from markaz.core.errors import MarkazError
from markaz.programmes.alerts.cap import exact_parser, parser, read, serialised
from markaz.programmes.alerts.message import Message

KEY_FILE = Path("keys") / "alerts.pem"
KNOWN_FOLDER = Path("keys") / "alert-senders"
KNOWN_MAX = 200  # certificates read from that folder
RSA_BITS = 3072  # as strong as AES-128 (NIST SP 800-57, part 1, table 2)
CERTIFICATE_LIFE = timedelta(days=3650)
_DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class BadKeyFile(MarkazError):
    """The operator's key file cannot be used."""

    code = "bad_alert_key"


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of a message's signature. `subject` and `fingerprint` (SHA-256, hex) are of its certificate."""

    state: SignatureState
    subject: str | None = None
    fingerprint: str | None = None


class Signer:
    """Signs with the centre's key, read or made when it is first needed. Thread-safe."""

    def __init__(self, home: Path, key_file: Path | None, name: str) -> None:
        self._path = key_file or home / KEY_FILE
        self._is_ours = key_file is None
        self._name = name
        self._lock = Lock()
        self._loaded: tuple[PrivateKey, x509.Certificate] | None = None

    def sign(self, root: etree._Element, now: datetime) -> bytes:
        """Return the message with its signature as the last element. Raises BadKeyFile."""
        key, certificate = self._load(now)
        is_rsa = isinstance(key, rsa.RSAPrivateKey)
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        return serialised(signer.sign(root, key=key, cert=[certificate]))

    def certificate_pem(self, now: datetime) -> bytes:
        """Return the certificate with which others check our messages. Raises BadKeyFile."""
        return self._load(now)[1].public_bytes(Encoding.PEM)

    def fingerprint(self, now: datetime) -> str:
        """Return the SHA-256 of the certificate in hexadecimal, to be compared over another channel."""
        return fingerprint_of(self._load(now)[1])

    def _load(self, now: datetime) -> tuple[PrivateKey, x509.Certificate]:
        with self._lock:
            if self._loaded is None:
                if self._is_ours and not self._path.exists():
                    _write_new(self._path, self._name, now)
                self._loaded = _read(self._path)
            return self._loaded


def _read(path: Path) -> tuple[PrivateKey, x509.Certificate]:
    try:
        pem = path.read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (OSError, ValueError, TypeError) as error:
        raise BadKeyFile(f"{path} must hold an unencrypted private key and its certificate, both as PEM.") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise BadKeyFile(f"{path} must hold an RSA or an elliptic-curve key.")
    if key.public_key() != certificate.public_key():
        raise BadKeyFile(f"{path}: the certificate is not of this key.")
    return key, certificate


def _write_new(path: Path, name: str, now: datetime) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "wb", opener=lambda name_, flags: os.open(name_, flags | os.O_EXCL, 0o600)) as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    # link, not rename: if two processes start at once, one key wins and none is overwritten.
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    sync_folder(path.parent)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in hexadecimal."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def known_certificates(folder: Path) -> dict[str, x509.Certificate]:
    """Return the certificates of the operator's folder of known senders by fingerprint; unreadable files are left out."""
    known = {}
    files = sorted(folder.glob("*.pem"))[:KNOWN_MAX] if folder.is_dir() else []
    for file in files:
        with suppress(OSError, ValueError):
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            known[fingerprint_of(certificate)] = certificate
    return known


def examine(data: bytes, message: Message, known: dict[str, x509.Certificate]) -> Signature:
    """Say what is known of the signature of `data`, which was read as `message`."""
    root = etree.fromstring(data, parser())
    if next(root.iter(f"{_DSIG}Signature"), None) is None:
        return Signature(SignatureState.NONE)
    certificate = _certificate_in(root)
    if certificate is None:
        return Signature(SignatureState.UNCHECKED)
    fingerprint = fingerprint_of(certificate)
    state = _checked(data, message, certificate)
    if state is SignatureState.VALID_UNKNOWN and fingerprint in known:
        state = SignatureState.VALID_KNOWN
    return Signature(state, certificate.subject.rfc4514_string()[:200], fingerprint)


def _certificate_in(root: etree._Element) -> x509.Certificate | None:
    text = root.findtext(f"{_DSIG}Signature/{_DSIG}KeyInfo/{_DSIG}X509Data/{_DSIG}X509Certificate")
    pem = f"-----BEGIN CERTIFICATE-----\n{''.join((text or '').split())}\n-----END CERTIFICATE-----\n"
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None


def _checked(data: bytes, message: Message, certificate: x509.Certificate) -> SignatureState:
    """Return whether the whole message is as it was signed with that certificate, whoever's that is."""
    whole = SignatureConfiguration(location="./", expect_references=1)
    try:
        result = XMLVerifier().verify(data, x509_cert=certificate, parser=exact_parser(), expect_config=whole)
    except InvalidCertificate:  # out of date
        return SignatureState.UNCHECKED
    except (InvalidSignature, InvalidDigest):
        return SignatureState.BROKEN
    except (Base64Error, etree.Error):
        return SignatureState.UNCHECKED
    except Exception:  # a stranger's signature may be odd in ways the library did not foresee; none of them is valid
        return SignatureState.UNCHECKED
    signed = None if isinstance(result, list) else result.signed_xml
    try:
        is_whole = signed is not None and read(serialised(signed)) == message
    except MarkazError:
        is_whole = False
    return SignatureState.VALID_UNKNOWN if is_whole else SignatureState.BROKEN

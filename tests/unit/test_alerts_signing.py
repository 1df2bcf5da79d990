"""Signatures of CAP messages: ours as a foreign tool sees them, and what is said of those of others."""

import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from markaz.contracts.alerts import Category, Certainty, MsgType, Scope, Severity, SignatureState, Status, Urgency
from markaz.programmes.alerts import cap, signing
from markaz.programmes.alerts.message import Info, Message
from markaz.programmes.alerts.signing import BadKeyFile, Signature, Signer, examine, known_certificates

NOW = datetime.now(UTC).replace(microsecond=0)  # a certificate must be valid when it is asked about
INFO = Info((Category.FIRE,), "Blaze", Urgency.IMMEDIATE, Severity.SEVERE, Certainty.OBSERVED, headline="Oʻt & tutun")
MESSAGE = Message("f1", "duty@here.example", NOW, Status.TEST, MsgType.ALERT, Scope.PUBLIC, infos=(INFO,))
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def signer(home: Path) -> Signer:
    return Signer(home, None, "duty@here.example")


@pytest.fixture(scope="module")
def signed(signer: Signer) -> bytes:
    return signer.sign(cap.tree_of(MESSAGE), NOW)


def told(data: bytes, folder: Path = Path("/nowhere")) -> Signature:
    return examine(data, cap.read(data), known_certificates(folder))


def test_a_signed_message_is_valid_cap_and_says_the_same(signed: bytes) -> None:
    assert cap.read(signed) == MESSAGE
    assert told(signed).state is SignatureState.VALID_UNKNOWN


def test_the_signature_survives_parsing_and_writing_again(signed: bytes) -> None:
    again = etree.tostring(etree.fromstring(signed), encoding="UTF-16", xml_declaration=True)
    assert isinstance(again, bytes)
    assert told(again).state is SignatureState.VALID_UNKNOWN


def test_every_changed_byte_of_the_message_breaks_it(signed: bytes) -> None:
    for before, after in ((b"Blaze", b"Glaze"), (b">f1<", b">f2<"), (b"<scope>Public", b"<scope>Private")):
        assert told(signed.replace(before, after, 1)).state is SignatureState.BROKEN
    added = signed.replace(
        b"</info>", b"</info><info>" + signed.partition(b"<info>")[2].partition(b"</info>")[0] + b"</info>"
    )
    assert told(added).state is SignatureState.BROKEN


def test_a_signature_moved_to_another_message_is_broken(signed: bytes, signer: Signer) -> None:
    signature = etree.fromstring(signed).find(f"{DS}Signature")
    assert signature is not None
    other = cap.tree_of(replace(MESSAGE, identifier="f9"))
    other.append(signature)
    assert told(cap.serialised(other)).state is SignatureState.BROKEN


def test_only_a_certificate_of_the_folder_is_known(signed: bytes, signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "sender.pem").write_bytes(signer.certificate_pem(NOW))
    (tmp_path / "rubbish.pem").write_text("no certificate")
    found = told(signed, tmp_path)
    assert found == Signature(SignatureState.VALID_KNOWN, "CN=duty@here.example", signer.fingerprint(NOW))
    assert told(signed.replace(b"Blaze", b"Glaze"), tmp_path).state is SignatureState.BROKEN


def test_no_signature_and_an_odd_one_are_told_apart(signed: bytes) -> None:
    assert told(cap.write(MESSAGE)) == Signature(SignatureState.NONE)
    without_key = etree.fromstring(signed)
    key_info = without_key.find(f"{DS}Signature/{DS}KeyInfo")
    assert key_info is not None
    key_info.clear()
    assert told(cap.serialised(without_key)).state is SignatureState.UNCHECKED
    weak = signed.replace(b"http://www.w3.org/2001/04/xmlenc#sha256", b"http://www.w3.org/2000/09/xmldsig#sha1")
    assert told(weak).state in {SignatureState.UNCHECKED, SignatureState.BROKEN}


def test_the_key_is_made_once_and_is_nobody_elses_to_read(signer: Signer, home: Path) -> None:
    assert Signer(home, None, "another").fingerprint(NOW) == signer.fingerprint(NOW)
    assert stat.S_IMODE((home / signing.KEY_FILE).stat().st_mode) == 0o600


def test_an_operators_own_key_is_used_and_a_wrong_file_refused(tmp_path: Path, signer: Signer, home: Path) -> None:
    signer.fingerprint(NOW)
    file = tmp_path / "own.pem"
    file.write_bytes((home / signing.KEY_FILE).read_bytes())
    assert Signer(tmp_path, file, "x").fingerprint(NOW) == signer.fingerprint(NOW)
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for wrong in (b"", pem, pem + signer.certificate_pem(NOW)):
        file.write_bytes(wrong)
        with pytest.raises(BadKeyFile):
            Signer(tmp_path, file, "x").fingerprint(NOW)


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_xmlsec1_accepts_our_signature_and_refuses_a_changed_message(
    signed: bytes, signer: Signer, tmp_path: Path
) -> None:
    certificate, message = tmp_path / "certificate.pem", tmp_path / "alert.xml"
    certificate.write_bytes(signer.certificate_pem(NOW))
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(certificate), str(message)]
    message.write_bytes(signed)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    message.write_bytes(signed.replace(b"Blaze", b"Glaze", 1))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="xmllint is not installed")
def test_xmllint_finds_our_signed_message_valid(signed: bytes, tmp_path: Path) -> None:
    message = tmp_path / "alert.xml"
    message.write_bytes(signed)
    xsd = Path(cap.__file__).with_name("schema") / "CAP-v1.2.xsd"
    command = ["xmllint", "--noout", "--nonet", "--schema", str(xsd), str(message)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0

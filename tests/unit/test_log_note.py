"""Signed notes and checkpoints: the examples that others published, and what is refused."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from markaz.core.log import note

# The example in the documentation of Go's golang.org/x/mod/sumdb/note, private key included.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of C2SP tlog-checkpoint.
C2SP_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

LOG = note.Signer.of("log.example/1", note.KeyType.ED25519, Ed25519PrivateKey.from_private_bytes(b"1" * 32))
WITNESS = note.Signer.of("witness.example", note.KeyType.COSIGNATURE, Ed25519PrivateKey.from_private_bytes(b"2" * 32))


def test_gos_own_example_is_signed_and_read_alike() -> None:
    signer = note.Signer.of("PeterNeumann", note.KeyType.ED25519, Ed25519PrivateKey.from_private_bytes(GO_SEED))
    assert signer.verifier.vkey == GO_VKEY
    assert str(note.Note(GO_TEXT, (signer.sign(GO_TEXT),))) == GO_NOTE
    assert note.Note.parse(GO_NOTE).signed_by([note.Verifier.parse(GO_VKEY)]) == [signer.verifier]


def test_c2sps_example_is_a_checkpoint() -> None:
    checkpoint = note.Checkpoint.parse(C2SP_TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == C2SP_TEXT
    message = note.cosigned_message(C2SP_TEXT, 1679315147)
    assert message == f"cosignature/v1\ntime 1679315147\n{C2SP_TEXT}".encode()


def test_a_cosignature_states_its_time_and_binds_it() -> None:
    line = WITNESS.cosign(C2SP_TEXT, 1_790_000_000).line()
    signature = note.Signature.parse(line)
    assert note.Verifier.parse(WITNESS.verifier.vkey).check(C2SP_TEXT, signature.signature) == 1_790_000_000
    moved = (1_790_000_001).to_bytes(8, "big") + signature.signature[8:]
    with pytest.raises(note.NoteRefused):
        WITNESS.verifier.check(C2SP_TEXT, moved)


def test_the_same_text_signed_again_is_the_same_note() -> None:
    assert LOG.sign(C2SP_TEXT) == LOG.sign(C2SP_TEXT)


def test_a_changed_checkpoint_or_a_strangers_signature_is_refused() -> None:
    signed = note.Note(C2SP_TEXT, (LOG.sign(C2SP_TEXT), WITNESS.cosign(C2SP_TEXT, 1)))
    assert signed.signed_by([WITNESS.verifier, LOG.verifier]) == [LOG.verifier, WITNESS.verifier]
    with pytest.raises(note.NoteRefused, match="does not verify"):
        note.Note(C2SP_TEXT.replace("20852163", "20852164"), signed.signatures).signed_by([LOG.verifier])
    with pytest.raises(note.NoteRefused, match="any known key"):
        note.Note(C2SP_TEXT, signed.signatures[1:]).signed_by([LOG.verifier])


@pytest.mark.parametrize(
    "text",
    ["", "no signatures\n", "a\tb\n\n— n AAAAAAA=\n", "text\n\n— name\n", "text\n\n- name AAAAAAA=\n", "x" * 20_000],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(note.NoteRefused):
        note.Note.parse(text)


@pytest.mark.parametrize(
    "text", ["a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n" + "A" * 44 + "\n\n"]
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(note.NoteRefused):
        note.Checkpoint.parse(text)


@pytest.mark.parametrize("vkey", ["x", GO_VKEY.replace("c74f20a3", "c74f20a4"), "a b+00000000+" + GO_VKEY[-44:], "a++"])
def test_what_is_no_key_is_refused(vkey: str) -> None:
    with pytest.raises(note.NoteRefused):
        note.Verifier.parse(vkey)

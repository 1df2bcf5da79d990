"""What counts as a statement rather than a placeholder: a rule that anybody can follow, and no judgement of what is said.

It finds `x`, `tbd`, `.....` and one word for everything. It cannot find a false statement.
"""

LEAST = 5  # letters or digits
DIFFERENT_LEAST = 3  # of those: "xxxxx" says nothing
GROUND_LEAST, GROUND_WORDS = 8, 2  # "Law 7, article 3"
RULE = f"{LEAST} letters or digits at least, of which {DIFFERENT_LEAST} differ"
GROUND_RULE = f"{GROUND_WORDS} words with {GROUND_LEAST} letters or digits at least, of which {DIFFERENT_LEAST} differ"


def is_stated(text: str | None, least: int = LEAST, words: int = 1) -> bool:
    """Say whether `text` has at least that many letters or digits, a few different ones, in at least that many words."""
    marks = [mark for mark in (text or "").casefold() if mark.isalnum()]
    with_marks = [word for word in (text or "").split() if any(mark.isalnum() for mark in word)]
    return len(marks) >= least and len(set(marks)) >= DIFFERENT_LEAST and len(with_marks) >= words


def is_ground(text: str | None) -> bool:
    """Say whether `text` can be a legal ground: a law and its article are more than one word."""
    return is_stated(text, GROUND_LEAST, GROUND_WORDS)


def is_named(login: str, name: str) -> bool:
    """Say whether an account says who its holder is: a name, and not the log-in once more."""
    return is_stated(name) and name.casefold() != login.casefold()

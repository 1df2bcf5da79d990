"""What a deployment states about itself, for tests: a whole governance.toml."""

from markaz.core.retention import parse_governance


def governance_text(review_on: str = "2099-01-01") -> str:
    """Return a governance.toml in which nothing is missing."""
    classes = "".join(
        f'[class.{each.id}]\nlegal_ground = "Law 7, article 3"\nreview_on = {review_on}\n'
        for each in parse_governance("").classes
    )
    return (
        '[controller]\nname = "Centre"\naddress = "1 Street"\ncontact = "office@centre.example"\n'
        '[impact_assessment]\ndate = 2026-05-01\nreference = "DPIA 4"\n' + classes
    )

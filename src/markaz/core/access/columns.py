"""Where a query holds what the rules ask of a record: one column for each attribute, given by whoever writes the query.

SQL stands here as text of the query's author, never of a request. `nullable` must be true wherever NULL can occur: a
NULL is an attribute that is not known, and what a rule asks of it denies.
"""

from dataclasses import dataclass
from enum import StrEnum

from markaz.core.access.closed import SETS, PolicyFault

VALUES = "{values}"


class Form(StrEnum):
    """How an attribute is held."""

    RECORD = "record"
    FLAG = "flag"
    MOMENT = "moment"
    TERRITORY = "territory"
    MEMBERS = "members"
    MEMBERSHIP = "membership"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute in SQL. Make it with one of the functions below."""

    form: Form
    sql: str
    nullable: bool


def record(sql: str, *, nullable: bool = False) -> Column:
    """Return the id of the record, a uuid."""
    return Column(Form.RECORD, _whole(sql), nullable)


def flag(sql: str, *, nullable: bool = False) -> Column:
    """Return a boolean expression."""
    return Column(Form.FLAG, _whole(sql), nullable)


def moment(sql: str, *, nullable: bool = False) -> Column:
    """Return a time, a timestamptz."""
    return Column(Form.MOMENT, _whole(sql), nullable)


def territory(sql: str, *, nullable: bool = False) -> Column:
    """Return the id of a territory, an integer that refers to `territories`; what is above it is worked out."""
    return Column(Form.TERRITORY, _whole(sql), nullable)


def members(sql: str, *, nullable: bool = False) -> Column:
    """Return accounts held as a uuid[]."""
    return Column(Form.MEMBERS, _whole(sql), nullable)


def membership(sql: str) -> Column:
    """Return accounts held elsewhere: a condition with `{values}` where a uuid[] of accounts is to stand.

    For example `EXISTS (SELECT FROM shut_out_accounts s WHERE s.incident_id = i.id AND s.account_id = ANY({values}))`.
    Write it so that it is never NULL; EXISTS is not.
    """
    if VALUES not in sql:
        raise PolicyFault(f"a membership says with {VALUES} where the accounts stand: {sql}")
    return Column(Form.MEMBERSHIP, f"({sql})", nullable=False)


def nobody() -> Column:
    """Return the empty set: known to hold nobody, for every record of this query."""
    return Column(Form.NOBODY, "", nullable=False)


def _whole(sql: str) -> str:
    """Return an expression that stays one wherever it is put."""
    return sql if sql.replace(".", "").replace("_", "").isalnum() else f"({sql})"


_FORMS = {"record": {Form.RECORD}, "is_open": {Form.FLAG}, "recorded_at": {Form.MOMENT}, "within": {Form.TERRITORY}}
_SET_FORMS = {Form.MEMBERS, Form.MEMBERSHIP, Form.NOBODY}


def check_form(attribute: str, column: Column) -> None:
    """Raise PolicyFault unless a column can hold that attribute."""
    allowed = _FORMS.get(attribute, _SET_FORMS if attribute in SETS else set())
    if column.form not in allowed:
        raise PolicyFault(f"{attribute} cannot be held as {column.form}")

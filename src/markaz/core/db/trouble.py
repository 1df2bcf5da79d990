"""What can go wrong with the embedded database, each with a message that says what to do next."""

from markaz.core.errors import MarkazError, Unavailable


class DatabaseRefused(MarkazError):
    """The database cannot be started as things are, and trying again will not help: a person must act."""

    status = 503
    code = "database_refused"


class DatabaseUnavailable(Unavailable):
    """The database is away for now (full disk, crash, start-up); it is being restarted without hands."""

    code = "database_unavailable"

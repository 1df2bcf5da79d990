"""Who somebody is: accounts, the ways in that they have, their sessions, and what slows guessing.

What an account may do is core.permissions. One module for each noun; the names used everywhere are these.
"""

from markaz.core.identity.accounts import (
    ACCESS_CHANGED,
    SERVICE_KEY_PREFIX,
    actor_of_service_key,
    change_password,
    close_account,
    create_account,
    create_service_key,
    list_accounts,
    locked_grants,
    set_grants,
)
from markaz.core.identity.passwords import MIN_PASSWORD_LENGTH, check_new_password, hash_password, token_hash
from markaz.core.identity.sessions import (
    Session,
    actor_of_session,
    forget_ended_sessions,
    mark_ended_sessions,
    sign_out,
)

__all__ = [
    "ACCESS_CHANGED",
    "MIN_PASSWORD_LENGTH",
    "SERVICE_KEY_PREFIX",
    "Session",
    "actor_of_service_key",
    "actor_of_session",
    "change_password",
    "check_new_password",
    "close_account",
    "create_account",
    "create_service_key",
    "forget_ended_sessions",
    "hash_password",
    "list_accounts",
    "locked_grants",
    "mark_ended_sessions",
    "set_grants",
    "sign_out",
    "token_hash",
]

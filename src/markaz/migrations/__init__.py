"""One Alembic history, inside the package so that the wheel can migrate."""

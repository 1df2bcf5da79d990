"""Territories: the hierarchy as data, its boundaries, and which of them holds a point."""

from markaz.core.territories.boundaries import BoundaryPage, BoundaryPages
from markaz.core.territories.model import LANGUAGES, ROOT_CODE, ROOT_ID, Box, Level, Territory
from markaz.core.territories.store import ensure_root, load_tree
from markaz.core.territories.tree import TerritoryTree

__all__ = [
    "LANGUAGES",
    "ROOT_CODE",
    "ROOT_ID",
    "BoundaryPage",
    "BoundaryPages",
    "Box",
    "Level",
    "Territory",
    "TerritoryTree",
    "ensure_root",
    "load_tree",
]

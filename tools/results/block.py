"""What stands between two markers of a page."""

from dataclasses import dataclass

from .pictures import Picture


@dataclass(frozen=True)
class Block:
    """Markdown, and the picture that follows it."""

    text: str
    picture: Picture | None = None


NOT_MEASURED = Block("Not measured yet.\n")

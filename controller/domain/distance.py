"""How far an environment is behind the one that its versions come from. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Distance:
    """What is live in `before`, and not yet in `environment`: so many commits. None: nobody could tell, because one of
    the two has nothing live, or GitHub was away. `is_ahead`: this one also has commits that the other lacks.
    """

    environment: str
    before: str
    commits: int | None
    is_ahead: bool = False

"""How far an environment is behind the one that its versions come from. Pure."""

from dataclasses import dataclass

from controller.domain.counting import counted


@dataclass(frozen=True)
class Distance:
    """What is live in `before`, and not yet in `environment`: so many commits. None: nobody could tell, because one of
    the two has nothing live, or GitHub was away. `is_ahead`: this one also has commits that the other lacks.
    """

    environment: str
    before: str
    commits: int | None
    is_ahead: bool = False

    @property
    def told(self) -> str:
        """
        >>> Distance("prod", "staging", 3).told, Distance("prod", "staging", 0).told
        ('3 commits behind staging', 'the same commit as staging')
        """
        if self.commits is None:
            return f"nobody can tell how far behind {self.before}"
        if self.commits == 0:
            return f"ahead of {self.before}" if self.is_ahead else f"the same commit as {self.before}"
        apart = ", and has commits of its own" if self.is_ahead else ""
        return f"{counted(self.commits, 'commit')} behind {self.before}{apart}"

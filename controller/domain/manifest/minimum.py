"""What the operator asks of an environment, whatever its file says."""

from typing import Annotated

from pydantic import Field

from controller.domain.manifest.service import Part
from controller.domain.manifest.wanted import Number


class MinimumApproval(Part):
    count: Annotated[int, Number(1, 10, "a number of people")] = Field(description="How many different people.")


class Minimum(Part):
    approval: MinimumApproval | None = Field(None, description="Every deployment waits for at least these approvals.")

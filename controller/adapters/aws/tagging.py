"""Tags of target groups and listener rules, which no describe call shows along."""

from collections.abc import Sequence

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_TAGS
from controller.adapters.aws.ownership import Tags
from controller.adapters.aws.remembered import Remembered
from controller.adapters.aws.wire.tags import read_elb_tags
from controller.domain.ports import Clock

BATCH = 20
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html: resources in one call."""


class ElbTags:
    """Remembered for a few minutes for those who look; asked for anew by those who are about to change something."""

    def __init__(self, caller: Caller, clock: Clock) -> None:
        self._caller = caller
        self._remembered: Remembered[str, Tags] = Remembered(clock)

    def of(self, arns: Sequence[str]) -> dict[str, Tags]:
        known = {arn: self._remembered.get(arn) for arn in arns}
        asked = self._ask([arn for arn, tags in known.items() if tags is None])
        return {arn: asked[arn] if tags is None else tags for arn, tags in known.items()}

    def now(self, arn: str) -> Tags:
        return self._ask([arn])[arn]

    def _ask(self, arns: Sequence[str]) -> dict[str, Tags]:
        found: dict[str, Tags] = {}
        for batch in batched(arns, BATCH):
            reply = self._caller.read(DESCRIBE_TAGS({"ResourceArns": batch}), f"tags of {', '.join(batch)}")
            found.update(read_elb_tags(reply["TagDescriptions"]))
        for arn, tags in found.items():
            # No tags at all: perhaps they have not arrived yet, so they are asked for again next time.
            if tags:
                self._remembered.put(arn, tags)
        return {arn: found.get(arn, {}) for arn in arns}

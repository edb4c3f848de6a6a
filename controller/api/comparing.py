"""Two deployments side by side, as the API answers it: the models, and what they are made from."""

from pydantic import Field

from controller.api.models import Answer
from controller.domain.comparison import Comparison, Section, Side
from controller.domain.deployment import Kind, Phase


class CostAnswer(Answer):
    """US dollars a month, with the fewest tasks and with the most."""

    least: float
    most: float


class ComparedAnswer(Answer):
    """One of two that are compared."""

    id: str
    environment: str
    kind: Kind
    phase: Phase
    version: str
    commit: str
    strategy: str
    waited_seconds: float
    moved_seconds: float | None = Field(description="Null: it has not begun to.")
    cost: CostAnswer | None = Field(description="Of its file, by the price list; null where none is known.")


class DifferenceAnswer(Answer):
    section: Section
    key: str = Field(description="As in the environment's file.")
    first: str = Field(description="Empty: it is not there.")
    second: str


class ImageDifferenceAnswer(Answer):
    service: str
    first: str
    second: str
    is_same: bool


class ComparisonAnswer(Answer):
    """Environment files are compared with every default filled in; values of `env` are never shown."""

    first: ComparedAnswer
    second: ComparedAnswer
    is_identical: bool = Field(description="The same file, and the same images.")
    differences: tuple[DifferenceAnswer, ...]
    is_cut: bool = Field(description="There are more differences than are listed.")
    images: tuple[ImageDifferenceAnswer, ...]


def comparison_answer(found: Comparison) -> ComparisonAnswer:
    return ComparisonAnswer(
        first=_compared(found.first),
        second=_compared(found.second),
        is_identical=found.is_identical,
        differences=tuple(
            DifferenceAnswer(section=section, key=change.key, first=change.old, second=change.new)
            for section, changes in found.sections.items()
            for change in changes
        ),
        is_cut=found.is_cut,
        images=tuple(ImageDifferenceAnswer(**vars(image), is_same=image.is_same) for image in found.images),
    )


def _compared(side: Side) -> ComparedAnswer:
    deployment, moved = side.deployment, side.spans.active
    return ComparedAnswer(
        id=deployment.id,
        environment=deployment.environment,
        kind=deployment.kind,
        phase=deployment.phase,
        version=deployment.revision.version,
        commit=deployment.revision.commit.sha,
        strategy=deployment.revision.file.strategy.type,
        waited_seconds=side.spans.waiting.total_seconds(),
        moved_seconds=moved.total_seconds() if moved is not None else None,
        cost=CostAnswer(least=float(side.cost.least), most=float(side.cost.most)) if side.cost else None,
    )

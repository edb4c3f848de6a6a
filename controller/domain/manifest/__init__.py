"""The environment file as a frozen value: text in, value or every problem out.

Never here: files, branches, AWS, the clock. What a value means for a deployment is decided where it is used.
To add a key: a field with a default and a description in `models.py` or `service.py`, a check in `agreement.py`
if it depends on another key, a row in `unbuilt.py` until something acts on it; then the test of
`environments/README.md` says what to document.
"""

from controller.domain.manifest.minimum import Minimum, MinimumApproval
from controller.domain.manifest.models import (
    Alarms,
    Approval,
    BlueGreen,
    Canary,
    CanaryStep,
    EnvironmentFile,
    Freeze,
    Gates,
    Rollback,
    Rolling,
    ScheduledCount,
    Strategy,
    TaskCheck,
    Watch,
    WatchedErrors,
    WatchedLatency,
    WatchedMetrics,
    Window,
    from_normal_form,
    normal_form,
)
from controller.domain.manifest.problem import Problem
from controller.domain.manifest.read import read_environment, read_recorded
from controller.domain.manifest.schema import environment_schema
from controller.domain.manifest.service import Before, Count, Health, HttpCheck, Image, Logs, Route, Service, Task
from controller.domain.manifest.tree import place_of_key
from controller.domain.manifest.unbuilt import Unbuilt, unbuilt
from controller.domain.manifest.values import Percent, format_duration, is_tag, parse_duration, render_tag
from controller.domain.manifest.windows import Span, days_of_week

__all__ = [
    "Alarms",
    "Approval",
    "Before",
    "BlueGreen",
    "Canary",
    "CanaryStep",
    "Count",
    "EnvironmentFile",
    "Freeze",
    "Gates",
    "Health",
    "HttpCheck",
    "Image",
    "Logs",
    "Minimum",
    "MinimumApproval",
    "Percent",
    "Problem",
    "Rollback",
    "Rolling",
    "Route",
    "ScheduledCount",
    "Service",
    "Span",
    "Strategy",
    "Task",
    "TaskCheck",
    "Unbuilt",
    "Watch",
    "WatchedErrors",
    "WatchedLatency",
    "WatchedMetrics",
    "Window",
    "days_of_week",
    "environment_schema",
    "format_duration",
    "from_normal_form",
    "is_tag",
    "normal_form",
    "parse_duration",
    "place_of_key",
    "read_environment",
    "read_recorded",
    "render_tag",
    "unbuilt",
]

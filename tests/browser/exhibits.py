"""Every page that is looked at: a path, the state that it is shown in, and who looks. A new page is a line here."""

from dataclasses import dataclass

from tests.browser.gallery import ANONYMOUS

BUSY, HOSTILE, LIVED = "busy", "hostile", "lived"
AT_REST, BAKING, FRESH, TURNED_BACK = "at-rest", "baking", "fresh", "turned-back"


@dataclass(frozen=True)
class Shown:
    """`status` is what the page answers with; `name` is what its pictures are called."""

    name: str
    path: str
    state: str = BUSY
    who: str = ANONYMOUS
    status: int = 200

    def __str__(self) -> str:
        return f"{self.name} {self.state} {self.who}"


SHOWN = (
    Shown("home", "/", "empty"),
    Shown("home", "/"),
    Shown("home", "/", who="operator"),
    Shown("home", "/", HOSTILE),
    Shown("home", "/", "crowded"),
    Shown("home", "/", LIVED),
    Shown("home-of-one", "/?environment=staging"),
    Shown("history", "/history", "empty"),
    Shown("history", "/history"),
    Shown("history", "/history", LIVED),
    Shown("history", "/history", HOSTILE),
    Shown("history", "/history", "crowded"),
    Shown("history-found", "/history?environment=staging&phase=rolled_back"),
    Shown("history-of-nothing", "/history?text=nowhere&actor=nobody"),
    Shown("history-asked-wrongly", "/history?since=then", status=400),
    Shown("compare", "/compare"),
    Shown("compare-two", "/compare?from=dev-1&to=dev-2"),
    Shown("compare-two", "/compare?from=staging-1&to=staging-2", HOSTILE),
    Shown("compare-alike", "/compare?from=dev-1&to=dev-1"),
    Shown("deployment-in-flight", "/deployments/dev-2"),
    Shown("deployment-in-flight", "/deployments/dev-2", HOSTILE, "operator"),
    Shown("deployment-rolled-back", "/deployments/staging-2"),
    Shown("deployment-rolled-back", "/deployments/staging-2", HOSTILE),
    Shown("deployment-succeeded", "/deployments/prod-1"),
    Shown("deployment-waiting", "/deployments/prod-2", who="viewer"),
    Shown("deployment-with-a-long-audit", "/deployments/dev-1", "crowded"),
    Shown("deployment-of-no-name", "/deployments/nowhere-7", status=404),
    Shown("environment-of-nothing", "/environments/prod", "crowded"),
    Shown("environment-moving", "/environments/dev"),
    Shown("environment-moving", "/environments/dev", who="operator"),
    Shown("environment-held", "/environments/staging"),
    Shown("environment-held", "/environments/staging", HOSTILE),
    Shown("environment", "/environments/dev", "crowded"),
    Shown("environment-in-full", "/environments/dev", AT_REST, "operator"),
    Shown("environment-in-full", "/environments/dev", BAKING, "operator"),
    Shown("environment-in-full", "/environments/dev", FRESH, "operator"),
    Shown("environment-in-full", "/environments/dev", TURNED_BACK, "operator"),
    Shown("canary", "/deployments/dev-2", BAKING, "operator"),
    Shown("canary", "/deployments/dev-2", FRESH, "operator"),
    Shown("canary", "/deployments/dev-2", TURNED_BACK, "operator"),
    Shown("plan", "/environments/dev/plan", AT_REST, "viewer"),
    Shown("plan", "/environments/dev/plan", BAKING, "viewer"),
    Shown("plan", "/environments/dev/plan", TURNED_BACK, "viewer"),
    Shown("plan", "/environments/dev/plan"),
    Shown("plan-of-nothing", "/environments/prod/plan", "crowded", "operator"),
    Shown("order-abort", "/orders/new?order=abort&environment=dev&deployment=dev-2", who="operator"),
    Shown("order-deploy", "/orders/new?order=deploy&environment=prod", who="operator"),
    Shown("order-too-much", "/orders/new?order=abort&environment=dev&deployment=dev-2", who="viewer"),
    Shown("order-release", "/orders/new?order=unhold&environment=staging", HOSTILE, "operator"),
    Shown("delivery", "/delivery", "empty"),
    Shown("delivery", "/delivery", LIVED),
    Shown("delivery-rows", "/delivery?figure=failures&environment=dev", LIVED),
    Shown("approval", "/approvals/prod-2"),
    Shown("approval", "/approvals/prod-2", who="approver"),
    Shown("approval", "/approvals/prod-2", who="viewer"),
    Shown("approval", "/approvals/prod-1", HOSTILE, "admin"),
    Shown("approvals", "/approvals", "empty"),
    Shown("approvals", "/approvals"),
    Shown("approvals", "/approvals", who="approver"),
    Shown("approvals", "/approvals", who="viewer"),
    Shown("approvals", "/approvals", HOSTILE, "admin"),
    Shown("audit", "/audit", "empty"),
    Shown("audit", "/audit", who="operator"),
    Shown("audit-found", "/audit?environment=dev&event=step.ended&since=2026-11-21T11:00"),
    Shown("audit-of-nothing", "/audit?actor=nobody"),
    Shown("audit-asked-wrongly", "/audit?event=none", status=400),
    Shown("audit", "/audit", HOSTILE),
    Shown("audit", "/audit?actor=tidegate", "crowded"),
    Shown("me", "/me", who="viewer"),
    Shown("me", "/me", HOSTILE, "admin"),
    Shown("not-for-you", "/", "shut", "stranger", 403),
    Shown("sign-in-problem", "/sign-in/callback?code=1&state=2", status=400),
)

NOT_PAGES = {
    "/audit/export": "it is a file",
    "/events": "it is a stream",
    "/feed.atom": "it is a feed",
    "/history.csv": "it is a file",
    "/history.json": "it is a file",
    "/sign-in": "it leads on to GitHub",
}
"""Routes of the pages that show none."""

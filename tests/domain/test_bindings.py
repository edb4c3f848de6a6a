import pytest

from controller.domain.approval import Glass
from controller.domain.bindings import Binding, check_belongs, read_bindings
from controller.domain.errors import Rejected
from controller.domain.manifest import Problem, read_environment
from controller.domain.people import Person, Rules

GOOD = """\
environments:
  prod:
    repository: acme/captioncraft
    branch: main
    aws: {account: "123456789012", region: eu-west-1, role: "arn:aws:iam::123456789012:role/tide", stack: captions}
    minimum: {approval: {count: 2}}
    priorities: 2000-2999
  dev:
    repository: acme/captioncraft
    branch: develop
    aws:
      account: "210987654321"
      region: eu-central-1
      cluster: captions-dev
      listener: arn:aws:elasticloadbalancing:eu-central-1:210987654321:listener/app/dev/50dc6c495c0c9188/f2f7dc8e
      subnets: [subnet-0a1b, subnet-0c2d]
      security_groups: [sg-0a1b]
      execution_role: arn:aws:iam::210987654321:role/captions-dev-execution
      vpc: vpc-0a1b
"""

FILE = """\
environment: dev
branch: develop
services:
  backend:
    image: {repository: captioncraft-backend, tag: "{sha}"}
"""


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(Rejected) as caught:
        read_bindings(text, "tidegate.yaml")
    return [problem for problem in caught.value.problems if isinstance(problem, Problem)]


def good(name: str) -> Binding:
    return read_bindings(GOOD, "tidegate.yaml")[name]


def test_a_binding_says_repository_branch_and_place() -> None:
    prod = good("prod")

    assert (prod.name, prod.repository, prod.branch) == ("prod", "acme/captioncraft", "main")
    assert (prod.aws.account, prod.aws.region, prod.aws.stack) == ("123456789012", "eu-west-1", "captions")
    assert prod.aws.cluster is None
    assert prod.minimum.approval is not None
    assert prod.minimum.approval.count == 2
    assert prod.priorities == range(2000, 3000)


PEOPLE = 'people: {admin: [ada], operator: [grace], approver: ["@acme/release"], viewer: [barbara]}\n'
GLASS = "break_glass: {people: {ada: 1, grace: 2}, count: 2}\n"


def test_nobody_is_named_and_nobody_breaks_the_glass_unless_it_is_said() -> None:
    assert good("dev").people == Rules() and not good("dev").people.decide and good("dev").glass is None


def test_people_and_glass_are_everywhere_unless_an_environment_has_its_own() -> None:
    own = "    people: {operator: [linus]}\n    break_glass: {people: {linus: 3}, count: 1}\n"
    text = GOOD.replace("    priorities: 2000-2999\n", f"    priorities: 2000-2999\n{own}") + PEOPLE + GLASS
    found = read_bindings(text, "tidegate.yaml")
    assert found["dev"].people == Rules(("ada",), ("grace",), ("@acme/release",), ("barbara",))
    assert found["dev"].glass == Glass((Person(1, "ada"), Person(2, "grace")), 2)
    assert found["prod"].people == Rules(operator=("linus",))
    assert found["prod"].glass == Glass((Person(3, "linus"),), 1)


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        ("break_glass: {people: {ada: 1}}\n", "break_glass.count", "at most the number of people, 1"),
        ("break_glass: {people: {ada: 1, again: 1}}\n", "break_glass.count", "at most the number of people, 1"),
        ("break_glass: {people: {}}\n", "break_glass.people", "at least one entry"),
        ("break_glass: {people: {ada: ada}}\n", "break_glass.people.ada", "the number of a GitHub account"),
        (
            'break_glass: {people: {"@acme/release": 1}, count: 1}\n',
            'break_glass.people."@acme/release"',
            "a GitHub login",
        ),
        ("people: {admin: [a b]}\n", "people.admin[0]", "a GitHub login"),
        ("people: {admins: [ada]}\n", "people.admins", ""),
    ],
)
def test_who_may_what_is_checked(text: str, key: str, wanted: str) -> None:
    (problem,) = problems_of(GOOD + text)
    assert (problem.key, wanted in problem.wanted) == (key, True), problem


def test_a_place_without_a_stack_names_everything_itself() -> None:
    dev = good("dev")

    assert (dev.aws.stack, dev.aws.role) == (None, None)
    assert dev.aws.subnets == ("subnet-0a1b", "subnet-0c2d")
    assert dev.minimum.approval is None
    assert dev.priorities == range(1000, 2000)


def test_environments_keep_the_order_of_the_file() -> None:
    assert list(read_bindings(GOOD, "tidegate.yaml")) == ["prod", "dev"]


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("repository: acme/captioncraft\n    branch: main", "branch: main", 2, "prod.repository", "no default"),
        ("branch: main", "branch: main\n    brunch: x", 5, "prod.brunch", "did you mean branch?"),
        ("repository: acme/captioncraft\n    branch: main", "repository: captioncraft\n    branch: main", 3,
         "prod.repository", "as in acme/captioncraft"),
        ('"123456789012", region', "123456789012, region", 5, "prod.aws.account", "in quotes"),
        ('"123456789012", region', '"12345678901", region', 5, "prod.aws.account", "twelve digits"),
        ("eu-west-1", "europe", 5, "prod.aws.region", "as in eu-west-1"),
        ('"arn:aws:iam::123456789012:role/tide"', "tide", 5, "prod.aws.role", "a role's ARN"),
        ("iam::123456789012", "iam::999999999999", 5, "prod.aws.role", "the account 123456789012"),
        ("elasticloadbalancing:eu-central-1", "elasticloadbalancing:us-east-1", 15, "dev.aws.listener", "eu-central-1"),
        ("listener/app", "listener-rule/app", 15, "dev.aws.listener", "listener ARN"),
        ("      vpc: vpc-0a1b\n", "      vpc: vpc-0a1b\n      alarm_topic: on-call\n", 20, "dev.aws.alarm_topic",
         "an SNS topic's ARN"),
        ("      vpc: vpc-0a1b\n", "", 11, "dev.aws.vpc", "or a stack"),
        ("[subnet-0a1b, subnet-0c2d]", "[]", 16, "dev.aws.subnets", "at least one entry"),
        ("[subnet-0a1b, subnet-0c2d]", "[subnet-0a1b, subnet-0a1b]", 16, "dev.aws.subnets", "each entry once"),
        ("[sg-0a1b]", "[sg-1, sg-2, sg-3, sg-4, sg-5, sg-6]", 17, "dev.aws.security_groups", "at most 5"),
        ("count: 2", "count: 0", 6, "prod.minimum.approval.count", "from 1 to 10"),
        ("2000-2999", "2999-2000", 7, "prod.priorities", "as in 1000-1999"),
        ("2000-2999", "49000-60000", 7, "prod.priorities", "up to 50000"),
        ("2000-2999", "2000", 7, "prod.priorities", "found 2000"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_where_it_is(old: str, new: str, line: int, key: str, words: str) -> None:
    assert GOOD.count(old) == 1

    (problem,) = problems_of(GOOD.replace(old, new))

    assert (problem.line, problem.key) == (line, f"environments.{key}")
    assert words in str(problem)


def test_environments_behind_one_listener_may_not_share_priorities() -> None:
    text = "environments:\n" + "".join(
        f"  {name}: {{repository: a/b, branch: main, aws: {{account: '123456789012', region: eu-west-1, stack: s}}}}\n"
        for name in ("one", "two")
    )

    (problem,) = problems_of(text)

    assert (problem.line, problem.key, problem.found) == (3, "environments.two.priorities", "1000-1999")
    assert "that one on the same listener does not have" in problem.wanted


def test_environments_behind_different_listeners_may_have_the_same_priorities() -> None:
    text = GOOD.replace("    priorities: 2000-2999\n", "")

    assert {binding.priorities for binding in read_bindings(text, "tidegate.yaml").values()} == {range(1000, 2000)}


def test_no_environments_are_no_bindings() -> None:
    (problem,) = problems_of("environments: {}\n")

    assert problem.key == "environments"


def test_a_file_that_names_its_binding_belongs_to_it() -> None:
    check_belongs(read_environment(FILE, "environments/dev.yaml"), good("dev"))


def test_a_file_that_names_another_environment_or_branch_is_refused_with_both_lines() -> None:
    with pytest.raises(Rejected) as caught:
        check_belongs(read_environment(FILE, "x"), good("prod"), "environments/prod.yaml", FILE)

    assert [str(problem) for problem in caught.value.problems] == [
        'environments/prod.yaml:1:14: environment: found "dev"; wanted "prod", as it is bound',
        'environments/prod.yaml:2:9: branch: found "develop"; wanted "main", as it is bound',
    ]


def test_without_the_text_the_file_is_named_and_no_line_invented() -> None:
    with pytest.raises(Rejected, match=r"^environments/prod.yaml: environment: found") as caught:
        check_belongs(read_environment(FILE, "x"), good("prod"))

    assert len(caught.value.problems) == 2

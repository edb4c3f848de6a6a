"""Where the sandbox does otherwise than AWS's documents say, and knows it."""

from __future__ import annotations

KNOWINGLY = (
    (
        "A target without requests leaves its group at once, and its task stops.",
        "It is draining for the whole deregistration delay, and ECS waits for its end. Probe: `idle-target-drains`.",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html",
    ),
    (
        "A new target is asked four times an interval until it is healthy; failures count once an interval.",
        "It is asked once an interval.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    ),
    (
        "A task is PENDING as soon as RunTask or the service has made it; PROVISIONING shows in events only.",
        "It is PROVISIONING while its network interface is made, which takes seconds.",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html",
    ),
    (
        "A load balancer is active two seconds after it was made.",
        "It takes minutes.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html",
    ),
    (
        "A schedule makes its call 59 seconds after its moment, always; a failed one again after 1, 2, 4, … seconds.",
        "It makes it at any time within that minute; by which numbers the pauses grow is not said.",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
    ),
    (
        "Schedules are one-time, without a flexible window, and call ModifyRule of ELBv2.",
        "They may come again and again, and call nearly everything.",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html",
    ),
    (
        "A group of schedules is gone at once, with all that is in it.",
        "It is DELETING until all of its schedules are gone; they may still make their calls.",
        "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html",
    ),
    (
        "Use of CPU and memory is measured once a minute, and while an alarm looks; in tests it is what a script says.",
        "It is measured all the time, and a minute of it shows after some time.",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html",
    ),
    (
        "Scaling follows target tracking policies with predefined metrics, and crons of one time on days of the week.",
        "There are step and predictive policies and other metrics, rates, and any cron.",
        "https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html",
    ),
    (
        "After tasks were added the whole pause is waited for; a scheduled action is carried out at its moment.",
        "A greater addition may come within the pause; scheduled actions come within some seconds or a minute.",
        "https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html",
    ),
    (
        "Scans of images are basic, begin two seconds after a push and take eight, and find what somebody ordered.",
        "There is enhanced scanning too, a registry's own rules for it, and no promise how long a scan takes.",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
    ),
    (
        "Signatures are read and not verified, every role can be assumed, and no policy is evaluated.",
        "Everything that is not allowed is denied. A fault `denied` stands for that.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
    ),
    (
        (
            "A period is AWS's own time: the sandbox's speed divides it, in alarms and in queries alike. A load "
            "balancer's minute shows when it is over."
        ),
        "Periods are the clock's, and metrics come some time after their minute.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    ),
    (
        "A request that the balancer answers with 502 counts as a TargetConnectionErrorCount as well.",
        "Only connections that could not be made count there, each attempt of them; a broken answer is a 502 too.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    ),
    (
        "A task's use is measured once a minute, at its end, and shows at once; real processes are measured on Linux.",
        "It is measured more often, becomes one data point a minute, and comes some time after it.",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html",
    ),
    (
        (
            "Alarms are judged by complete periods, from the first one's making on, every 10 or 60 seconds (divided by "
            "the speed); two periods more than needed are looked at when some are missing."
        ),
        "When an alarm is looked at, and how many more periods for other numbers than three, is not said.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html",
    ),
    (
        (
            "Percentiles are exact: the least value that so many of the samples do not exceed. Samples are kept for "
            "three hours of AWS's time."
        ),
        "How percentiles are worked out is not said; a minute is kept for 15 days.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html",
    ),
    (
        (
            "Metric maths knows `+ - * / ( )`, comparisons, FILL with a number or REPEAT, IF, SUM, AVG, MIN, MAX, "
            "METRICS(); anomaly detection, Metrics Insights, PromQL and suppressed actions are refused with a sentence "
            "that says so."
        ),
        "There is much more of each.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html",
    ),
    (
        "An alarm's history holds changes of its state and its settings; its actions are told as events and not made.",
        "It holds actions too.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html",
    ),
    (
        "A dashboard belongs to the region in which it was made.",
        "Dashboards are the account's, in every region the same.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html",
    ),
)
"""What the sandbox does, what AWS does, and where AWS says so."""

"""CloudWatch: samples and what is asked of them, alarms that are evaluated on the world's clock, dashboards.

`metrics` keeps samples, `maths` and `queries` read them, `alarms` and `composites` are what is asked for,
`evaluation` decides (pure), `watching` asks it again and again, `history` remembers and tells, `balancing` turns
requests into a load balancer's metrics, `containers` what running tasks use into those of ECS services. A period is
AWS's own time, like a health check's interval: the world's speed divides it, in alarms and in queries alike.

Another metric of a load balancer is a line in `balancing`; another function of metric maths one in `maths.FUNCTIONS`.
"""

"""ECS: what its API shows, and the services that keep their tasks running.

Here a service's record changes in three ways only: by a call, by `rollout.reconcile`, which carries out what
the pure `scheduler.decide` decided, and by what `reports` hears from the runtime. Nobody starts or stops a
task except through `tasks`. To add an operation, put it in the module of the thing that it is about.
"""

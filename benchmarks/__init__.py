"""What Tidegate costs and how fast it is, measured on real processes over real sockets; `make bench` prints it.

Never here: a check that only passes on a quick machine, other than the limits that the documentation publishes; load on
anything but loopback. To add one: a module with `run(given) -> Result`, and a row in `__main__.py`.
"""

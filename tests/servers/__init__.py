"""Real servers for the tests: Kafka, Prometheus, Alertmanager and a browser.

`python -m tests.servers` finds each on this machine, fetches what it can of the missing ones and
says in one line how to get the rest. The tests themselves only look: they never install anything.

Every server listens on loopback alone, on a free port; keeps its data in a temporary folder; leads
a process group of its own and is ended by its own process id; and dies with the test process.
"""

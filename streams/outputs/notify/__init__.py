"""Notifications without Alertmanager: alerts to e-mail, chat, telephone and programs.

```
message     what is sent: one structure, with the words for a person in it
channels    one address: a service of apprise, a webhook, or nobody
receivers   who is sent what: of the environment, of the files of the forces
notifier    sends what waits, in order, and finds links that are dead
rehearsal   the life of an alert, sent to try the way
```
"""

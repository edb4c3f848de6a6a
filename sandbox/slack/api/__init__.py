"""The Web API's methods: functions of a call, which answer a dictionary or raise `SlackError`. To add one, write it
in the file of its subject and name it in `METHODS` there, with the scope that it needs."""

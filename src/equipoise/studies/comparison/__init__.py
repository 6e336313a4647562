"""Which arm is better? Several configurations at one budget and common seeds, with what a sceptic asks for.

`budget` makes the budget equal, `trajectory` reads runs, `scores` turns them into numbers, `paired`, `significance` and
`power` compare these over seeds, `comparison` puts all together, `words` says it. They are pure functions of records;
`study` plays the runs.
"""

"""Which arm is better? Several configurations at one budget and common seeds, with what a sceptic asks for.

`budget` makes the budget equal, `trajectory` reads runs, `scores` turns them into numbers, `paired`, `significance` and
`power` compare these over seeds, `comparison` puts all together, `words` says it; `searched` and `judging` do so for
the claims of papers. They are pure functions of records; `study` and `claim` play the runs.
"""

"""Studies: many runs and their analysis.

The engine (`plan`, `identity`, `folder`, `play`, `backends`, `engine`, `cost`) turns a list of configurations into run
folders, whatever dies in between; `measured` and `reaches` read them back. Each kind of study is a package of its own:
`batch_size` asks which one is cheapest, `comparison` which arm is better, `tuning` which settings, and `disturbance`
looks at distances under images that get worse. Analyses are pure functions of the records and start no run.
`adaptation` puts a classifier beside its bounds, and `training_limit` watches training as its rates vanish.
"""

"""Studies: many runs and their analysis.

The engine (`plan`, `identity`, `folder`, `play`, `backends`, `engine`, `cost`) turns a list of configurations into run
folders, whatever dies in between; `measured` and `reaches` read them back. Each kind of study is a package of its own:
`batch_size` asks which one is cheapest, `comparison` which arm is better, `tuning` which settings, `adaptation` how
good an adapted classifier is between its bounds, and `disturbance` whether distances see what people see. Analyses are
pure functions of the records and start no run. `training_limit` watches training as its rates vanish.
"""

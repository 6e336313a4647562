"""Studies: many runs and their analysis.

The engine (`plan`, `folder`, `play`, `backends`, `engine`) turns a list of configurations into run folders, whatever
dies in between. The analysis (`reaches`, `laws`, `critical`, `advice`) turns records into findings; it is made of pure
functions and starts no run. `batch_size` is the study that has both. `disturb` looks at distances under images that
get worse, `training_limit` at training as its rates vanish.
"""

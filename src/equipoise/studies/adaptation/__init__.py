"""How good is an adapted classifier, as far as can be known without labels of the target?

`choices` is what each rule would take, between the bounds; `analysis` the tables and `words` the sentences of a run.
"""

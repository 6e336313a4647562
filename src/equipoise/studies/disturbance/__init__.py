"""Does a distance see what people see? Images made worse step by step (Heusel et al. 2017, appendix A1).

`disturbances` are the six ways, `walk` disturbs and looks at every image once, `study` is the whole and `results` its
files.
"""

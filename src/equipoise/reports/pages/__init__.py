"""Pages: one self-contained HTML file of a run, of several runs side by side, or of a study, from records on disk.

`records` reads a folder, `findings` says in words what its numbers mean, `thinning` and `charts` draw them, `pictures`
embeds what was drawn, `run_page`, `runs_page` and `study_page` say what stands where, and `page` renders and writes.
No torch and no network; the same records give the same bytes.
"""

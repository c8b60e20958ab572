"""Tables as a pure function of records: paper, published and a user's own side by side.

`collect` makes cells of records and puts them into columns (`cell`, `table`). `words`, `breakdown` and
`measures` say what stands beside them, and every text is written by `render`.
"""

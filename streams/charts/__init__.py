"""One chart for every place: a tile, a page, paper and a file.

`model` says what a chart shows, `words` what it says in a sentence and a table, `layout` where each
thing stands, `svg` writes it; how it looks, on light, dark and paper, is `chart.css`. `indicator`
makes a chart of any indicator, area and grain.
"""

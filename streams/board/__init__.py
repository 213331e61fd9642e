"""From sums to the board: rows of areas and categories, and every measure read from them."""

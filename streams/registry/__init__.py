"""What is measured: the kinds of record, what is counted of each, the measures, and the words for
them."""

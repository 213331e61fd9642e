"""What complete weeks say of a count by the hour or day: the parts of `Expected`.

- `baseline`: all of it together, as a value;
- `level`, `profile`: how many a week, and the share of each slot of the week;
- `named_day_factors`: what bank holidays and events do to a count;
- `sum_dispersion`: how much more sums over many slots vary than single slots say.
"""

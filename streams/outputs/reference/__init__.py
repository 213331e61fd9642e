"""What may be looked up of a force without any data: the fields of events and what each feeds, and
the lists of names that an event may have, with what is watched of each."""

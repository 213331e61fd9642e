"""What stands between a kind of series and its detector, one file a kind."""

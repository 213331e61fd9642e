"""Rows of any table: CSV, TSV, sheets, JSON, Parquet."""

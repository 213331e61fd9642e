"""Bytes of any file become lines: what the file is, archives, compression, encodings."""

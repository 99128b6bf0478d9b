"""What generate.py writes into the pages, one module a subject."""

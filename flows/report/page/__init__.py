"""A published night -> one HTML page: gathered by SQL, placed by plain arithmetic, drawn by templates."""

"""Every statement of nightrank, as a file that a person can open and run in the duckdb shell."""

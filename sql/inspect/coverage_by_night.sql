-- How much of the catalogue does anybody get, night by night? One row per ds.
from coverage_by_day()

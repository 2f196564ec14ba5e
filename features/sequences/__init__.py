"""Events -> histories of users, and the slices of them that a moment may see.

Every rule of point-in-time visibility is here. Labels and candidates are above.
"""

__all__ = ["event_types", "histories", "history_slices", "point_in_time", "range_ops", "sequences"]

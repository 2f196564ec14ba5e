"""Events -> histories of users, and the slices of them that a moment may see.

Every rule of point-in-time visibility is here. Candidates belong in features.candidates, labels in features.training.
"""

__all__ = ["event_types", "histories", "history_merge", "history_slices", "point_in_time", "range_ops", "sequences"]

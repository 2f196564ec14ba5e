"""Side-by-side benchmarks against peers and limits; nothing else in the house depends on them."""

"""Side-by-side benchmarks against peers and limits; nothing else depends on them."""

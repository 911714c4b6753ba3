"""Text that speaks to whoever grades: found by code in whatever disguise, and judged with it and without it, the worse answer counting."""

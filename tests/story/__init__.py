"""A history to draw pictures of: a seeded past, and on top of it real runs of a scripted model."""

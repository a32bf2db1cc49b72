"""A language model as judge of faithfulness: asked by a rubric, several times, and held against people."""

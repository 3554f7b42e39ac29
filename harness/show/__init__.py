"""Frames to text and pictures: `tables`, `cells` and `sheet` as text, `figures` and `looks` as pictures."""

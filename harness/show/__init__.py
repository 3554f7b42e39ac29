"""Frames to text and pictures: `sheet` and `cells`, rendered by `render`; `tables`; `figures` and `looks`."""

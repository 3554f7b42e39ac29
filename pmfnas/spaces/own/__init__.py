"""A space of your own: `choices` holds the space, `options` what a choice can be, `named_arch` an arch by name."""

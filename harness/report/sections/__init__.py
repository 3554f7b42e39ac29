"""The sections of the page, in reading order; each function returns `content.Section` values of one folder."""

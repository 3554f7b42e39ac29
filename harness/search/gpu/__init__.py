"""The check of a GPU: `checks` measures, `report` tells, `plain` is the ordinary training that it is compared with."""

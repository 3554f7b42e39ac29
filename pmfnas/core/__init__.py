"""The contracts: values, ports, errors, random streams and rungs. Imports nothing else of ours."""

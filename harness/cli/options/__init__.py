"""The options, help and examples of each verb, one file per verb.

These files import nothing but the standard library, the errors and each other, so that help, mistakes in options and
shell completion cost no start-up. The file of the same name in `harness.cli` does the work.
"""

"""The long tests of trust, verb `torture`: each kind tries to break the program, and measures what holds.

run            runs the kinds that are asked for, within the time that they have
goals          a goal with what was measured, the table of all of them, and its page
children       what a kind is given; child processes with limits, killed at a moment, and what is left of them
samples        small valid inputs, made here: official files, a table, a record, journals, pictures
kills          commands that are killed at random moments, and what their folders hold afterwards
subjects       the commands that are killed, and which of their files must not depend on it
disks          a disk that is full or read-only, two writers, a clock that jumps, SIGTERM
whole          whether every file of a folder is whole, and what is left over
files          hostile files: pickles, archives, arrays, Parquet, pictures, JSON
hostile        the hostile files and their readers
pickles        hostile pickles
fuzz           valid inputs changed at random, for every reader of foreign bytes or texts
readers        those readers
mutations      changes at random
names          names that would break a page, a table or a path
bits           one flipped bit in every kind of file that carries a checksum
determinism    the same bytes, whatever the machine is set to
supply         checksums and vulnerabilities of what is installed, the wheel, and the network
official_files  files in the official formats with invented values
"""

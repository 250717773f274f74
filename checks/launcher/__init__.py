"""The small process that starts programs for the checks, and ends each with everything it has started.

It is apart from the daemon and imports nothing but the standard library: a fork of it costs little whatever the
daemon's size and threads. For each program it forks a guard, the subreaper of what the program starts (prctl(2),
PR_SET_CHILD_SUBREAPER): no descendant can leave it, neither by a session of its own nor by a double fork. When the
program has ended, when its time is up, when it has too many processes, or when the daemon has gone, the guard kills
all that is left. Where the unit delegates its control group (`Delegate=pids`), each program has one of its own
besides, and the kernel does the counting.

Spoken with `checks.programs`: to the launcher, one byte with three descriptors (a socket, where output goes, where
errors go); on that socket, a JSON request behind its length in four bytes, and one JSON answer.
"""

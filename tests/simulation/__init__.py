"""The production code of a hub and its nodes in one process, with virtual clocks and a seeded, faulty world.

One seed is one exact replay. What is replaced is only what the world gives: clocks, randomness, the line, the disk.
Where to read on: ``world.py`` puts it together, ``plan.py`` draws what happens, ``acts/`` does it, ``line.py`` and
``disks.py`` are what fails, ``settling.py`` is the time after the faults, ``checks/`` judges, ``mutants/`` holds the
planted bugs that show that the judges see.

The databases are SQLite files in memory (``/dev/shm``): SQLite's own in-memory databases keep no WAL, so a node would
rightly refuse to sell from one (it reads its settings back), and with a shared cache they lock whole tables, which
files do not do. Files also can be copied, put back and opened by a second process, as people do with disks.
"""

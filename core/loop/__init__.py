"""The work-order engine: the closed loop of a ticket, from its registration to the archive.

``states`` is the one table of what may follow what, ``engine`` the one way in; every act of
``acts/`` is one thing that a person (or the clock) does to a ticket.
"""

"""What holds for every test."""

from __future__ import annotations

import signal

# A shell ignores interrupts for what it starts in the background, and children inherit that: the tests
# that interrupt a child would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

"""Rules about waivers: what silences a finding is itself looked at."""

from sealock.rules.waivers import expired_waiver, malformed_waiver, unused_waiver, waiver_added

RULES = (
    malformed_waiver,
    expired_waiver,
    unused_waiver,
    waiver_added,
)

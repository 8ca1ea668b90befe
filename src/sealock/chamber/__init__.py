"""The sealed chamber: the agent's program, its seal, its model traffic and the record of it."""

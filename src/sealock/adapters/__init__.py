"""Everything that touches a process, the disk, the clock or the network."""

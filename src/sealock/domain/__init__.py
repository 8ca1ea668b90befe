"""Values and pure algorithms: no files, clocks, processes or network."""

"""The text of each generated file, one kind a module, as direct templates in conventional key order."""

"""YAML text as a tree of nodes that know where they stand.

Values are taken from nodes by the YAML 1.2 core schema, the one that Kubernetes' own parser
follows for what it reads; nothing is ever constructed from a tag.
"""

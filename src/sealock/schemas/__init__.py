"""Schemas that are packaged: Argo CD's custom resources, written by `tools/vendor_argocd_crds.py`."""

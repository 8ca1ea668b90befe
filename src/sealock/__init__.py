"""Sealock keeps an Argo CD and Kustomize repository correct, and moves it forward."""

__version__ = "0.1.0"

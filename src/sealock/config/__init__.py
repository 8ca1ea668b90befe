"""sealock.yaml and services.yaml as typed values, each with the place it came from."""

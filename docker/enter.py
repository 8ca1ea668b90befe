#!/bin/sh
# Leads port 8080 of the container's own loopback to the model's socket, and becomes the agent.
set -eu
socat TCP-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/run/sealock/model.sock &
exec "$@"

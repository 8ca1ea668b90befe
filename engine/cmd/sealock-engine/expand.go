package main

import "sealock.dev/engine/internal/expand"

func init() { operations["expand"] = expand.Run }

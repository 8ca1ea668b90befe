package main

import "sealock.dev/engine/internal/policy"

func init() { operations["policy"] = policy.Run }

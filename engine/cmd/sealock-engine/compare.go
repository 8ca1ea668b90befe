package main

import "sealock.dev/engine/internal/compare"

func init() { operations["compare"] = compare.Run }

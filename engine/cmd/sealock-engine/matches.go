package main

import "sealock.dev/engine/internal/render"

func init() { operations["matches"] = render.Matches }

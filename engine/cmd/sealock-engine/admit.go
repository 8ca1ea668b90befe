package main

import (
	"sealock.dev/engine/internal/admit"
	"sealock.dev/engine/internal/permit"
	"sealock.dev/engine/internal/render"
)

func init() {
	operations["admit"], operations["permit"] = admit.Run, permit.Run
	render.Admit = func(object []byte) any { return admit.Object(object) }
}

package main

import (
	"sealock.dev/engine/internal/admit"
	"sealock.dev/engine/internal/permit"
	"sealock.dev/engine/internal/quota"
	"sealock.dev/engine/internal/render"
)

func init() {
	operations["admit"], operations["permit"], operations["quota"] = admit.Run, permit.Run, quota.Run
	render.Admit = func(object []byte) any { return admit.Object(object) }
}

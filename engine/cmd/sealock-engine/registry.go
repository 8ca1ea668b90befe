package main

import (
	"fmt"
	"os"

	"sealock.dev/engine/internal/guard"
	"sealock.dev/engine/internal/resolve"
	"sealock.dev/engine/internal/serve"
	"sealock.dev/engine/internal/signed"
)

// registryOperations are what `registry` answers: apart from `serve`, for they need the network and programs.
var registryOperations = map[string]serve.Handler{
	"resolve": resolve.Run,
	"signed":  signed.Run,
}

func serveRegistry() int {
	guard.Tune()
	os.Clearenv()
	answers, err := guard.Silence()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	guard.WatchParent(func() { os.Exit(serve.ExitEndOfInput) })
	serve.Run(os.Stdin, answers, registryOperations, os.Exit)
	return 0
}

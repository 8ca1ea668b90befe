// Command sealock-engine answers requests with the code that production runs.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"sealock.dev/engine/internal/guard"
	"sealock.dev/engine/internal/helm"
	"sealock.dev/engine/internal/render"
	"sealock.dev/engine/internal/serve"
	"sealock.dev/engine/internal/version"
)

// operations are what `serve` answers, by name (docs/reference/engine-protocol.md).
var operations = map[string]serve.Handler{
	"version": version.Run,
	"render":  render.Run,
	"trace":   render.Trace,
}

const usage = "usage: sealock-engine serve | version\n"

func main() {
	if helm.IsWrapper() {
		os.Exit(helm.Main())
	}
	if len(os.Args) != 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	switch os.Args[1] {
	case "serve":
		serveForever()
	case "version":
		printVersion()
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
}

func serveForever() {
	guard.Tune()
	guard.Process()
	answers, err := guard.Silence()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	guard.WatchParent(func() { os.Exit(serve.ExitEndOfInput) })
	serve.Run(os.Stdin, answers, operations, os.Exit)
}

func printVersion() {
	info, err := version.Read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	text, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}

// Command sealock-engine answers requests with the code that production runs.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	_ "a.sealock.dev/quick" // kubectl loads no translations
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

func main() { os.Exit(run()) }

func run() int {
	if helm.IsWrapper() {
		return helm.Main()
	}
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		return serveForever()
	}
	if len(os.Args) == 2 && os.Args[1] == "registry" {
		return serveRegistry()
	}
	if len(os.Args) == 2 && os.Args[1] == "version" {
		return printVersion()
	}
	fmt.Fprint(os.Stderr, "usage: sealock-engine serve | registry | version\n")
	return 2
}

func serveForever() int {
	guard.Tune()
	guard.Process()
	answers, err := guard.Silence()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	guard.WatchParent(func() { os.Exit(serve.ExitEndOfInput) })
	serve.Run(os.Stdin, answers, operations, os.Exit)
	return 0
}

func printVersion() int {
	info, err := version.Read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(info); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
)

func versionCommand(_ context.Context, args []string, stdout, stderr io.Writer) error {
	if err := parse(newFlags("version", "", "", stderr), args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, version())
	return err
}

// version is that of the build: the module's version, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}

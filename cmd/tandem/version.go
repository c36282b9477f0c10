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

// released is the version with which an image is built, where there is no repository that could tell; set by the linker.
var released string

// version is that of the build: what it was released as, the module's version, or the commit.
func version() string {
	if released != "" {
		return released
	}
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

// Package web is the app that people use in a browser: the desks of agents, supervisors and administrators. Here is how it is carried in the binary and served; the
// app itself is under src, and README.md says how it is made.
//
// The app is built by npm into dist/app, which is not in git. So that Go compiles on a clean checkout too, dist has a file of its own: the binary then has no app, and
// says so to whoever opens it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are those of the built app. It has no index.html where the app was not built before the binary was.
func Files() fs.FS {
	app, err := fs.Sub(dist, "dist/app")
	if err != nil {
		panic(err) // the path is a constant, and valid
	}
	return app
}

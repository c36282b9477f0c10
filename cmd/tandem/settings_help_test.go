package main

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README sends people to "serve -help" for the settings.
func TestServeHelpNamesEverySetting(t *testing.T) {
	var said strings.Builder
	require.Zero(t, run(t.Context(), []string{"serve", "-help"}, io.Discard, &said))
	assert.Contains(t, said.String(), "-new-admin-token")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  (TANDEM_\w+) +(\(_FILE\))?`).FindAllStringSubmatch(said.String(), -1) {
		named[m[1]] = true
		if m[2] != "" {
			named[m[1]+"_FILE"] = true
		}
	}
	all := variables
	for _, k := range switchKinds {
		for _, field := range k.variables() {
			all = append(slices.Clip(all), k.prefix+"_"+field)
		}
	}
	for _, name := range all {
		assert.True(t, named[name], "serve -help does not name %s", name)
		delete(named, name)
	}
	assert.Empty(t, named, "serve -help names what is no setting")
}

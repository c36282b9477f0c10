package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReplayOfAJournal: what the rules decided is printed, and a journal that is not there is said to be none.
func TestReplayOfAJournal(t *testing.T) {
	s, err := readSettings(environ(t, absentSwitch))
	require.NoError(t, err)
	url, stop := started(t, s, false)
	awaitOwner(t, url)
	token := adminTokenOf(t, s)
	status, body := ask(t, http.MethodPost, url+"/api/v1/tenants", token, `{"id":"acme","name":"Acme"}`)
	require.Equal(t, http.StatusCreated, status, body)
	require.NoError(t, stop())
	t.Setenv("TANDEM_DB", s.DB)
	var out bytes.Buffer
	require.NoError(t, replayCommand(t.Context(), nil, &out, io.Discard))
	require.Regexp(t, `\d+ events; `, out.String())
	require.ErrorContains(t, replayCommand(t.Context(), []string{"-shard", "nope"}, io.Discard, io.Discard), "shard nope")
	empty := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.ErrorContains(t, replayCommand(t.Context(), []string{"-journal", empty}, io.Discard, io.Discard), "no event")
}

package api

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
)

func TestTheClientSignsInAndImports(t *testing.T) {
	stands := &clock{now: time.Now()} // who has guessed five times waits for a second: on a busy machine it is over with the next try
	w := newWorld(t, onSQLite(t), func(c *Config) { c.Now = stands.Now })
	w.password("adam")
	ctx := t.Context()
	c, who, err := client.SignIn(ctx, w.http.URL, "adam", password)
	require.NoError(t, err)
	require.Equal(t, "admin", who.Role)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	again, err := c.Me(ctx)
	require.NoError(t, err)
	require.Equal(t, who, again)
	require.NoError(t, c.Post(ctx, "/api/v1/agents/anna/state", map[string]string{"state": "available"}, nil))

	board := client.Open(c, nil)
	defer board.Close()
	_, err = board.Await(ctx, "anna", func(s client.State) bool { return s.Connected && s.Agents["anna"].ID == "anna" })
	require.NoError(t, err)

	file, err := c.Export(ctx, "agents")
	require.NoError(t, err)
	body, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	out, err := c.Import(ctx, "agents", strings.NewReader(string(body)+"carl,acme,Carl,1003,,,,\n"), false)
	require.NoError(t, err)
	require.Equal(t, client.Imported{Created: 1, Unchanged: 2}, out)
	_, err = c.Import(ctx, "agents", strings.NewReader("id,phone\ncarl,a b\n"), true)
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 2, refused.Lines[0].Line)
	require.Equal(t, "phone", refused.Lines[0].Field)

	require.NoError(t, c.SignOut(ctx))
	_, err = c.Me(ctx)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 401, refused.Status)
	for range 6 {
		_, _, err = client.SignIn(ctx, w.http.URL, "otto", "wrong wrong wrong")
	}
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 429, refused.Status)
	require.Positive(t, refused.After)
	require.LessOrEqual(t, refused.After, time.Minute)
}

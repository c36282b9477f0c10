package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOldestIsACaller: who is asked for a consult stands in line too (C4), and is nobody whom a reader of the queue could look up.
func TestOldestIsACaller(t *testing.T) {
	p := newPlay(t)
	for _, command := range []string{
		"tenant acme and agent ann bob and queue sales ann ring=20s and queue help bob and number 100 queue=sales and number 200 queue=help",
		"up nothing", "ann available", "c1 calls 100 from +4930", "answers c1", "answers ann", "consult ann queue=help",
	} {
		p.do(command)
	}
	help, _ := p.shard.Queue("help")
	require.Equal(t, 1, help.Waiting)
	require.Empty(t, help.Oldest, "no caller waits")

	p.do("c2 calls 200 from +4931")
	help, _ = p.shard.Queue("help")
	require.Equal(t, 2, help.Waiting)
	require.Equal(t, CallID(p.id("call2")), help.Oldest)
}

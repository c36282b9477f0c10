package esl_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// patient gives calls a minute to be taken, instead of two seconds: a busy machine could miss those.
func patient(s *scene, f *lab.FreeSWITCH) {
	s.Helper()
	was := map[string]string{}
	reload := func() {
		s.Helper()
		_, err := f.API(context.Background(), "reloadxml")
		require.NoError(s, err)
	}
	require.NoError(s, filepath.WalkDir(filepath.Join(f.Dir, "etc"), func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".xml" {
			return err
		}
		text, err := os.ReadFile(file)
		if longer := strings.NewReplacer(`"+2 apology`, `"+60 apology`, "sched_transfer(+2 ", "sched_transfer(+60 ").Replace(string(text)); err == nil && longer != string(text) {
			was[file] = string(text)
			err = os.WriteFile(file, []byte(longer), 0o600) // it keeps its owner
		}
		return err
	}))
	require.NotEmpty(s, was)
	reload()
	s.Cleanup(func() {
		for file, text := range was {
			require.NoError(s, os.WriteFile(file, []byte(text), 0o600))
		}
		reload()
	})
}

func arrivedWhileAway(s *scene, f *lab.FreeSWITCH) {
	patient(s, f)
	s.stop()
	c := s.NewCaller(s, "4930111", "Early")
	c.Dial(s, s.Number())
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	for { // until the switch has it
		left := s.Leftovers(s)
		if len(left) > 0 {
			break
		}
		require.NoError(s, ctx.Err())
	}
	up := s.run()
	require.Len(s, up.Snapshot.Legs, 1)
	leg := up.Snapshot.Legs[0]
	assert.Equal(s, core.SeenLeg{Leg: leg.Leg, From: "4930111", Name: "Early", To: s.Number()}, leg)
	s.do(core.Answer{Leg: leg.Leg})
	c.Answered(s)
	said, err := f.API(ctx, "sched_del "+string(leg.Leg))
	require.NoError(s, err)
	assert.Contains(s, said, "Deleted: 0", "its patience has no end any more: it is ours")
	c.Hears(s, enginetest.Silence())
	s.over(leg.Leg)
}

func nobodyTook(s *scene, f *lab.FreeSWITCH) {
	s.stop()
	c := s.NewCaller(s, "4930112", "Late")
	c.Dial(s, s.Number())
	e := c.Ended(s) // the apology takes its time
	assert.Equal(s, 503, e.Status)
	up := s.run()
	assert.Empty(s, up.Snapshot.Legs)
}

package core

import (
	"bytes"
	"strings"
	"testing"
)

// A call in progress over an upgrade was recorded by a version that noted nothing about keeping: what was recorded for a queue that lets nobody discard stays all the same.
func TestWhatWasRecordedBeforeAnUpgradeIsKeptC17(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		queue string
		free  bool // may be discarded where nothing is forgotten
	}{
		"for a queue that keeps": {queue: "strict"},
		"for one that does not":  {queue: "free", free: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t)
			for line := range strings.Lines(`tenant acme and agent ann bob and queue strict ann record and queue free ann bob record discard and number 100 queue=QUEUE
up nothing
ann available
c1 calls 100 from +4930
answers ann
recording started
transfer ann free
goes ann
bob available
answers bob
recording paused
recording resumed
`) {
				p.do(strings.ReplaceAll(strings.TrimSpace(line), "QUEUE", x.queue))
			}
			body := marshalled(t, p.shard)
			old := bytes.ReplaceAll(body, []byte(`,"free":true`), nil) // the snapshot of a version before
			if changed := len(old) < len(body); changed != x.free {
				t.Errorf("noted that it may be discarded: %v", changed)
			}
			for snapshot, may := range map[string]bool{string(body): x.free, string(old): false} {
				s := restored(t, []byte(snapshot))
				for id := range s.st.Calls {
					if r := (DiscardRecordingOf{Call: id, Agent: "bob"}).refuse(s); (r == nil) != may {
						t.Errorf("bob, of another queue, may discard: %v, want %v", r == nil, may)
					}
				}
			}
		})
	}
}

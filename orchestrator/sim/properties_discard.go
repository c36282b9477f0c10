package sim

import (
	"maps"
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// discards are the books of what was recorded and must not be kept (C17). They archive as the archive does: what has stopped, unless the timeline says that it is discarded, by
// whatever order the two are told in.
type discards struct {
	callsOf   map[core.RecordingID]core.CallID // of every recording that was ever ordered
	discarded map[core.RecordingID]bool
	quit      map[core.CallID]bool         // recorded no more
	takenFor  map[core.CallID]core.QueueID // the queue for which an agent has taken the call last
	thrown    map[core.RecordingID]bool    // of a call of which one was discarded then
	kept      map[core.CallID]bool         // recorded for a queue that does not let its recordings be discarded
	archived  map[core.RecordingID]bool
}

func newDiscards() discards {
	return discards{
		callsOf: map[core.RecordingID]core.CallID{}, discarded: map[core.RecordingID]bool{}, quit: map[core.CallID]bool{}, kept: map[core.CallID]bool{},
		takenFor: map[core.CallID]core.QueueID{},
		thrown:   map[core.RecordingID]bool{}, archived: map[core.RecordingID]bool{},
	}
}

// taken notes for which queue a call is recorded from now on.
func (b *books) taken(e *core.Entry) {
	b.takenFor[e.Call] = e.Queue
	if q := b.queues[e.Queue]; q.Record {
		if b.quit[e.Call] && !q.DiscardRecordings {
			b.files[e.Call]++ // what was discarded is no part of it
		}
		b.recordedFor(e.Call, q)
	}
}

// consults notes that a consult is recorded from now on, if its queue has that.
func (b *books) consults(e *core.Entry) {
	if q := b.queues[b.takenFor[e.Call]]; q.RecordConsults {
		b.recordedFor(e.Call, q)
	}
}

// recordedFor notes for which queue something of a call is recorded from now on. One that keeps what is recorded for it has it recorded, whatever was discarded before.
func (b *books) recordedFor(call core.CallID, q core.Queue) {
	if !q.DiscardRecordings {
		b.kept[call] = true
		delete(b.quit, call)
	}
}

func (b *books) archive(e *core.Entry) {
	if !b.discarded[e.Recording] {
		b.archived[e.Recording] = true
	}
}

func (b *books) discard(w *world, e *core.Entry) {
	if q, known := b.queues[e.Queue]; b.kept[e.Call] || known && !q.DiscardRecordings {
		w.failf("what a queue keeps is not discarded", "%s of %s, in %s", e.Recording, e.Call, e.Queue)
	}
	b.discarded[e.Recording], b.quit[e.Call] = true, true
	delete(b.archived, e.Recording)
	for id, call := range b.callsOf {
		if call == e.Call {
			b.thrown[id] = true
		}
	}
}

// records holds that nothing of a call is recorded once an agent has discarded what was, unless a queue keeps what is recorded for it.
func (b *books) records(w *world, out core.Outcome) {
	for _, e := range out.Effects {
		do, ok := e.Do.(core.StartRecording)
		if !ok {
			continue
		}
		b.callsOf[do.Recording] = e.Call
		if b.quit[e.Call] {
			w.failf("a discarded recording is never archived", "%s is recorded again, as %s", e.Call, do.Recording)
		}
	}
}

// closeArchive is taken when all is over: of what was recorded of a call before it was discarded, nothing is in the archive, and nothing is left out.
func (b *books) closeArchive(w *world) {
	for _, id := range slices.Sorted(maps.Keys(b.thrown)) {
		if b.archived[id] || !b.discarded[id] {
			w.failf("a discarded recording is never archived", "%s of %s is", id, b.callsOf[id])
		}
	}
}

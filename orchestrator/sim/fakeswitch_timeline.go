package sim

import "github.com/tandem-voice/tandem/orchestrator/core"

// happenKind says what a happening is.
type happenKind uint8

const (
	happenFact     happenKind = iota // the adapter reports a fact
	happenInvite                     // a dialled phone hears of the call
	happenReact                      // the phone's user does what the phone's Response says
	happenGiveUp                     // Dial.Limit is over
	happenSilence                    // nobody has responded to the invitation
	happenPlayEnd                    // the playing at the head of the leg's list is over
	happenMediaOut                   // nothing has been heard from the leg's far end for too long
	happenLost                       // a phone is found to be off the network
)

// happening is one thing that will happen. It is kept small: the heap moves it around.
type happening struct {
	at    int64  // Unix time in nanoseconds
	seq   uint64 // order of scheduling: breaks ties
	fact  core.Fact
	leg   *leg
	phone *phone
	mark  uint32 // what it was scheduled for; stale if the leg's or phone's own count has moved on
	gen   uint32 // generation of the connection that the fact needs; 0 = any
	kind  happenKind
}

// timeline is a binary heap of happenings. container/heap would box every one of them.
type timeline struct {
	items []happening
	seq   uint64
}

func (q *timeline) before(i, j int) bool {
	a, b := &q.items[i], &q.items[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (q *timeline) push(h happening) {
	q.seq++
	h.seq = q.seq
	q.items = append(q.items, h)
	for i := len(q.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.before(i, up) {
			break
		}
		q.items[i], q.items[up] = q.items[up], q.items[i]
		i = up
	}
}

func (q *timeline) pop() happening {
	top, last := q.items[0], len(q.items)-1
	q.items[0] = q.items[last]
	q.items[last] = happening{} // lets the fact go
	q.items = q.items[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return top
		}
		if right := down + 1; right < last && q.before(right, down) {
			down = right
		}
		if !q.before(down, i) {
			return top
		}
		q.items[i], q.items[down] = q.items[down], q.items[i]
		i = down
	}
}

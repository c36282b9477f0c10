package api

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

func (w *world) record(id string, agent core.AgentID, tenant core.TenantID, at time.Time) {
	w.store.records = append(w.store.records, core.CallRecord{
		Call: core.CallID(id), Tenant: tenant, Queue: "sales", Engine: "sim", From: "+4915112345678", Name: "4915112345678", To: "+4930123456", ArrivedAt: at,
		EndedAt: at.Add(time.Minute), Outcome: core.CallAnswered, Agents: []core.AgentID{agent}, Offers: 1, Wait: 1500 * time.Millisecond, Total: time.Minute,
		Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem},
	})
}

func TestCallRecordsAreFilteredPagedAndMaskedR6(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.record("c"+strconv.Itoa(i), "anna", "acme", day.Add(time.Duration(i)*time.Hour))
	}
	w.record("b0", "bert", "acme", day)
	w.record("g0", "gary", "globex", day)
	read := func(as, query string) (ids []string, next string) {
		var p paged[callRecordWire]
		w.good(200, as, get, "/api/v1/call-records"+query, "").into(t, &p)
		for _, r := range p.Items {
			ids = append(ids, string(r.Call))
		}
		return ids, p.Next
	}
	ids, next := read("supervisor", "?agent=anna&limit=2")
	require.Equal(t, []string{"c4", "c3"}, ids)
	ids, next = read("supervisor", "?agent=anna&limit=2&cursor="+next)
	require.Equal(t, []string{"c2", "c1"}, ids)
	ids, next = read("supervisor", "?agent=anna&limit=2&cursor="+next)
	require.Equal(t, []string{"c0"}, ids)
	require.Empty(t, next)
	ids, _ = read("supervisor", "?from=2026-01-31T09:00:00Z&to=2026-01-31T11:00:00%2B00:00")
	require.Equal(t, []string{"c2", "c1"}, ids)
	ids, _ = read("bert", "")
	require.Equal(t, []string{"b0"}, ids)
	ids, _ = read("globex", "")
	require.Equal(t, []string{"g0"}, ids)
	ids, _ = read("auditor", "?outcome=lost")
	require.Empty(t, ids)

	for field, query := range map[string]string{
		"from": "from=yesterday", "to": "from=2026-01-31T09:00:00Z&to=2026-01-31T09:00:00Z", "limit": "limit=501", "cursor": "cursor=bogus", "outcome": "outcome=fine",
	} {
		w.bad(422, CodeInvalid, field, "supervisor", get, "/api/v1/call-records?"+query, "")
	}
	w.bad(403, CodeForbidden, "agent", "bert", get, "/api/v1/call-records?agent=anna", "")
	w.bad(404, CodeNotFound, "", "bert", get, "/api/v1/call-records/c0", "")
	var rec callRecordWire
	w.good(200, "anna", get, "/api/v1/call-records/c0", "").into(t, &rec)
	require.Equal(t, "5678", rec.From, "agents see four digits (C2)")
	require.Equal(t, "5678", rec.Name)
	require.Equal(t, Seconds(1500*time.Millisecond), rec.Wait)
	w.good(200, "supervisor", get, "/api/v1/call-records/c0", "").into(t, &rec)
	require.Equal(t, "+4915112345678", rec.From)
}

func TestATimelineIsReadWhileTheCallGoesOnAndAfterwards(t *testing.T) {
	w := newWorld(t)
	w.record("over", "anna", "acme", day)
	entries := []TimelineEntry{
		{Seq: 7, Entry: core.Entry{At: day, Kind: core.EntryCallArrived, Tenant: "acme", Call: "over", Text: "+4915112345678"}},
		{Seq: 9, Index: 1, Entry: core.Entry{At: day, Kind: core.EntryCallClosed, Tenant: "acme", Call: "over", Record: &w.store.records[0]}},
	}
	w.store.timeline["over"] = entries
	var l list[placed]
	w.good(200, "anna", get, "/api/v1/calls/over/timeline", "").into(t, &l)
	require.Equal(t, "5678", l.Items[0].Entry.Text)
	require.Equal(t, "5678", l.Items[1].Entry.Record.From)
	require.Equal(t, uint64(9), l.Items[1].Seq)
	w.good(200, "auditor", get, "/api/v1/calls/over/timeline", "").into(t, &l)
	require.Equal(t, "+4915112345678", l.Items[0].Entry.Text)
	require.Equal(t, "+4915112345678", w.store.records[0].From, "masking makes copies")
	w.good(404, "bert", get, "/api/v1/calls/over/timeline", "")
	id := w.dials("+4915100000001")
	w.store.timeline[id] = entries[:1]
	w.good(200, "supervisor", get, "/api/v1/calls/"+string(id)+"/timeline", "")
	w.good(404, "supervisor", get, "/api/v1/calls/nobody/timeline", "")
}

func TestRecordingsAreServedInRangesAndAudited(t *testing.T) {
	w := newWorld(t)
	audio := []byte("RIFF....WAVEfmt 0123456789")
	require.NoError(t, w.bucket.WriteAll(t.Context(), "acme/r1.wav", audio, nil))
	w.store.recordings = []Recording{
		{ID: "r1", Call: "c1", Tenant: "acme", State: "archived", StartedAt: day, Length: Seconds(time.Second), Size: int64(len(audio)), SHA256: sha(audio), Key: "acme/r1.wav"},
		{ID: "r2", Call: "c2", Tenant: "acme", State: "pending"},
		{ID: "r3", Call: "c3", Tenant: "acme", State: "archived", Key: "acme/vanished.wav"},
	}
	const path = "/api/v1/recordings/r1/audio"
	a := w.good(200, "auditor", get, path, "")
	require.Equal(t, audio, a.body)
	require.Equal(t, "audio/wav", a.header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="r1.wav"`, a.header.Get("Content-Disposition"))
	a = w.good(206, "auditor", get, path, "", headers{"Range": "bytes=0-3"})
	require.Equal(t, "RIFF", string(a.body))
	require.Equal(t, "bytes 0-3/26", a.header.Get("Content-Range"))
	a = w.good(206, "auditor", get, path, "", headers{"Range": "bytes=-4"})
	require.Equal(t, "6789", string(a.body))
	w.good(416, "auditor", get, path, "", headers{"Range": "bytes=100-"})
	w.good(304, "auditor", get, path, "", headers{"If-None-Match": `"` + sha(audio) + `"`})
	require.Len(t, w.store.audited(), 5)
	require.Equal(t, "recording/r1", w.store.audited()[0].Object)

	w.bad(404, CodeNoAudio, "", "auditor", get, "/api/v1/recordings/r2/audio", "")
	w.bad(404, CodeNoAudio, "", "auditor", get, "/api/v1/recordings/r3/audio", "")
	w.bad(404, CodeNotFound, "", "globex", get, path, "")
	w.bad(403, CodeForbidden, "", "anna", get, path, "")
	w.store.failAudit = errTest
	w.bad(500, CodeInternal, "", "auditor", get, path, "") // who cannot be written down does not listen

	var p paged[Recording]
	w.good(200, "auditor", get, "/api/v1/recordings?call=c1", "").into(t, &p)
	require.Len(t, p.Items, 1)
	w.good(200, "auditor", get, "/api/v1/recordings/r1", "")
	w.good(404, "globex", get, "/api/v1/recordings/r1", "")
}

// Whose phone only rings is told who calls, and not what a colleague has written down about the customer: as with follow-ups and secure values, an offer is not enough. On the event
// stream the agent does not get these lines either.
func TestTheStoryOfACallIsNotForWhosePhoneOnlyRings(t *testing.T) {
	w := newWorld(t)
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"available"}`)
	id := w.dials("+4915112345678")
	w.await("bert's phone to ring", func() (ringing bool) {
		w.engine.World(func(_ time.Time, s *sim.Switch) { _, ringing = s.PhoneRinging("1002") })
		return ringing
	})
	w.awaitCall(id, "the offer", func(c core.CallView) bool { return len(c.Offers) > 0 && c.Offers[0].Agent == "bert" })
	// Anna had the call before, and passed it on.
	w.store.mu.Lock()
	w.store.timeline[id] = []TimelineEntry{
		{Seq: 1, Entry: core.Entry{At: day, Kind: core.EntryWrapUpDone, Tenant: "acme", Call: id, Agent: "anna", Reason: "sold", Text: "is in debt, and divorced"}},
		{Seq: 2, Entry: core.Entry{At: day, Kind: core.EntryOfferMade, Tenant: "acme", Call: id, Agent: "bert"}},
	}
	w.store.mu.Unlock()
	read := func() (kinds []core.EntryKind) {
		var l list[placed]
		w.good(200, "bert", get, "/api/v1/calls/"+string(id)+"/timeline", "").into(t, &l)
		for _, e := range l.Items {
			kinds = append(kinds, e.Entry.Kind)
		}
		return kinds
	}
	require.Equal(t, []core.EntryKind{core.EntryOfferMade}, read())
	w.answers("1002")
	w.awaitCall(id, "the conversation", func(c core.CallView) bool { return c.Phase == core.Talking })
	require.Len(t, read(), 2, "who takes the call is told")
}

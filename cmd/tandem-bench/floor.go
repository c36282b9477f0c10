package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

// floor is callers and desk phones around one switch, all in this process, so that every moment is taken from one clock: the caller's INVITE as it leaves, the
// phone's INVITE as it comes in. A caller is known again at the phone by the number that the switch shows there.
//
// The phones ring and answer at once, talk for as long as the shift says and hang up, unless it says that they never do. Callers hang up never.
type floor struct {
	callers *line
	desks   *line
	drain   *net.UDPConn // takes the sound that the switch sends to anybody here: the bench measures signalling
	sdp     string       // what all of them offer and take
	target  string       // Asterisk's host:port

	mu       sync.Mutex
	shift    *shift
	byID     map[string]*call // callers' dialogs, by Call-ID
	byNumber map[string]*call
	atDesk   map[string]*deskCall // desks' dialogs, by Call-ID
	freed    []time.Time          // by desk: when it said BYE with somebody waiting; zero otherwise
	numbers  int
	rest     sync.WaitGroup // talks that are going on
}

// shift is one scenario with what was measured in it.
type shift struct {
	number string               // called
	talk   func() time.Duration // nil: the phones leave it to others to end the calls

	answerAfter []time.Duration // caller's INVITE to phone's INVITE
	nextAfter   []time.Duration // phone's BYE to the next INVITE at that phone, with callers waiting
	placed      int
	served      int            // reached a phone, talked, and were ended from there
	failed      map[string]int // by what happened
	waiting     int            // placed and at no phone yet
	open        int            // placed and not over
	ended       chan struct{}  // one message for each call that is over; the shift's plan reads it
}

type call struct {
	number  string
	shift   *shift
	invite  request
	sent    time.Time
	atDesk  bool
	answer  bool // the caller got 200
	ackBody []byte
	over    bool
}

type deskCall struct {
	desk   int
	call   *call // nil: of a shift before
	invite message
	tag    string
	last   []byte // our newest answer to the INVITE, for repetitions of it
	acked  bool
	byed   bool
}

// newFloor opens the sockets: before the switch is configured, because the phones' contacts name one of them.
func newFloor(desks int) (*floor, error) {
	f := &floor{
		byID: map[string]*call{}, byNumber: map[string]*call{}, atDesk: map[string]*deskCall{}, freed: make([]time.Time, desks),
		shift: nobodys(func() time.Duration { return 0 }),
	}
	var err error
	if f.callers, err = newLine(f.callerHears); err != nil {
		return nil, err
	}
	if f.desks, err = newLine(f.deskHears); err != nil {
		f.callers.close()
		return nil, err
	}
	if f.drain, err = newDrain(); err != nil {
		f.callers.close()
		f.desks.close()
		return nil, err
	}
	f.sdp = session(f.drain.LocalAddr().(*net.UDPAddr).Port) //nolint:errcheck,forcetypeassert // of a UDP socket
	return f, nil
}

// newDrain opens a socket from which nobody reads. The kernel drops what does not fit, at less cost than telling the sender that there is no such port, which it
// would do for every packet of hundreds of calls.
func newDrain() (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("open a socket for sound: %w", err)
	}
	if err := conn.SetReadBuffer(1); err != nil { // as little as there can be
		return nil, errors.Join(fmt.Errorf("make a socket's buffer small: %w", err), conn.Close())
	}
	return conn, nil
}

// plugIn begins to listen to a switch at host:port.
func (f *floor) plugIn(exchange string) error {
	f.target = exchange
	return errors.Join(f.callers.start(exchange), f.desks.start(exchange))
}

// nobodys is what comes outside of all shifts.
func nobodys(talk func() time.Duration) *shift {
	return &shift{talk: talk, failed: map[string]int{}, ended: make(chan struct{}, 1<<16)}
}

func (f *floor) close() {
	f.rest.Wait()
	f.callers.close()
	f.desks.close()
	_ = f.drain.Close()
}

// begin starts a shift in which callers call a number.
func (f *floor) begin(number string, talk func() time.Duration) *shift {
	s := &shift{number: number, talk: talk, failed: map[string]int{}, ended: make(chan struct{}, 1<<16)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shift = s
	clear(f.freed)
	return s
}

// place makes one call.
func (f *floor) place() {
	f.mu.Lock()
	f.numbers++
	s := f.shift
	c := &call{number: "4930" + strconv.Itoa(1_000_000+f.numbers), shift: s}
	c.invite = request{
		method: "INVITE", uri: "sip:" + s.number + "@" + f.target, callID: unique(), branch: unique(), cseq: 1, via: f.callers.addr,
		from: "<sip:" + c.number + "@127.0.0.1>;tag=" + unique(), to: "<sip:" + s.number + "@" + f.target + ">",
		contact: "sip:caller@" + f.callers.addr, body: f.sdp,
	}
	f.byID[c.invite.callID], f.byNumber[c.number] = c, c
	s.placed++
	s.waiting++
	s.open++
	body := c.invite.bytes()
	c.sent = time.Now()
	f.mu.Unlock()
	f.callers.sendUntil(c.invite.callID, body)
}

// callerHears handles what the switch says to the callers.
func (f *floor) callerHears(_ time.Time, m message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.byID[m.callID]
	switch {
	case m.method == "BYE":
		f.callers.send(m.reply(200, "OK", "", "", ""))
		if c != nil && !c.over {
			why := ""
			if !c.atDesk {
				why = "ended before a phone rang"
			}
			f.over(c, why)
		}
	case m.method == "ACK":
	case m.method == "INVITE" && c != nil:
		f.callers.send(m.reply(200, "OK", "", "sip:caller@"+f.callers.addr, f.sdp)) // anew, as when the call is put on hold
	case m.method != "":
		f.callers.send(m.reply(488, "Not Acceptable Here", unique(), "", ""))
	case c == nil || m.cseqMethod() != "INVITE":
	case m.status < 200:
		f.callers.confirmed(m.callID)
	case m.status < 300:
		f.callers.confirmed(m.callID)
		if c.ackBody == nil {
			ack := c.invite
			ack.method, ack.uri, ack.to, ack.branch, ack.body = "ACK", m.contact, m.to, unique(), ""
			c.ackBody = ack.bytes()
			c.answer = true
		}
		f.callers.send(c.ackBody)
	default:
		f.callers.confirmed(m.callID)
		ack := c.invite
		ack.method, ack.to, ack.body = "ACK", m.to, ""
		f.callers.send(ack.bytes())
		if !c.over {
			f.over(c, "status "+strconv.Itoa(m.status))
		}
	}
}

// over books the end of a call; why is "" for a good one. The caller holds mu.
func (f *floor) over(c *call, why string) {
	c.over = true
	s := c.shift
	s.open--
	if !c.atDesk {
		s.waiting--
	}
	if why == "" {
		s.served++
	} else {
		s.failed[why]++
	}
	s.ended <- struct{}{}
	delete(f.byNumber, c.number)
	// Byed calls may still get repetitions of the switch's BYE, which are answered without knowing the call.
	delete(f.byID, c.invite.callID)
}

// deskHears handles what the switch says to the desk phones.
func (f *floor) deskHears(at time.Time, m message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.atDesk[m.callID]
	switch m.method {
	case "INVITE":
		switch {
		case d == nil:
			f.ring(at, m)
		case m.cseq == d.invite.cseq:
			f.desks.send(d.last) // a repetition
		default:
			f.desks.send(m.reply(200, "OK", "", f.contact(d.desk), f.sdp)) // anew, as when the call is put on hold
		}
	case "ACK":
		f.desks.confirmed(m.callID)
		if d != nil && !d.acked {
			d.acked = true
			f.talk(d)
		}
	case "BYE", "CANCEL":
		f.desks.send(m.reply(200, "OK", "", "", ""))
		f.desks.confirmed(m.callID)
		if d != nil && m.method == "CANCEL" && !d.acked {
			f.desks.send(d.invite.reply(487, "Request Terminated", d.tag, "", ""))
		}
		delete(f.atDesk, m.callID)
	case "":
		if m.cseqMethod() == "BYE" && m.status >= 200 {
			f.desks.confirmed(m.callID)
			delete(f.atDesk, m.callID)
		}
	default:
		f.desks.send(m.reply(200, "OK", unique(), "", ""))
	}
}

// ring is a phone that is called: it rings, and is picked up at once.
func (f *floor) ring(at time.Time, m message) {
	desk, err := strconv.Atoi(userOf(m.uri))
	desk -= firstPhone
	if err != nil || desk < 0 || desk >= len(f.freed) {
		f.desks.send(m.reply(404, "Not Found", unique(), "", ""))
		return
	}
	d := &deskCall{desk: desk, invite: m, tag: unique(), call: f.byNumber[userOf(m.from)]}
	f.atDesk[m.callID] = d
	if c := d.call; c != nil && c.shift == f.shift {
		if !f.freed[desk].IsZero() {
			c.shift.nextAfter = append(c.shift.nextAfter, at.Sub(f.freed[desk]))
		}
		if !c.atDesk {
			c.atDesk = true
			c.shift.waiting--
			c.shift.answerAfter = append(c.shift.answerAfter, at.Sub(c.sent))
		}
	}
	f.freed[desk] = time.Time{}
	f.desks.send(m.reply(180, "Ringing", d.tag, f.contact(desk), ""))
	d.last = m.reply(200, "OK", d.tag, f.contact(desk), f.sdp)
	f.desks.sendUntil(m.callID, d.last)
}

// talk ends the call from the phone, after a while. The caller holds mu.
func (f *floor) talk(d *deskCall) {
	if f.shift.talk == nil {
		return
	}
	f.rest.Add(1)
	time.AfterFunc(f.shift.talk(), func() {
		defer f.rest.Done()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.atDesk[d.invite.callID] != d {
			return // hung up on
		}
		bye := request{
			method: "BYE", uri: d.invite.contact, from: d.invite.to + ";tag=" + d.tag, to: d.invite.from, callID: d.invite.callID,
			branch: unique(), cseq: 1, via: f.desks.addr,
		}
		d.byed = true
		if d.call != nil && d.call.shift == f.shift && f.shift.waiting > 0 {
			f.freed[d.desk] = time.Now()
		}
		f.desks.sendUntil(d.invite.callID, bye.bytes())
	})
}

const firstPhone = 1001 // the lab numbers its phones from here

func phoneName(desk int) string { return strconv.Itoa(firstPhone + desk) }

// busy is how many phones believe to be in a call.
func (f *floor) busy() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.atDesk)
}

func (f *floor) contact(desk int) string {
	return fmt.Sprintf("sip:%s@%s", phoneName(desk), f.desks.addr)
}

// steadily places n calls at a rate, on schedule, whatever becomes of them.
func (f *floor) steadily(ctx context.Context, n int, perSecond float64) {
	begun := time.Now()
	for i := range n {
		due := begun.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))
		if pause(ctx, time.Until(due)) != nil {
			return
		}
		f.place()
	}
}

// crowded keeps a number of calls open for a while: whenever one is over, another is placed.
func (f *floor) crowded(ctx context.Context, s *shift, open int, rampPerSecond float64, d time.Duration) {
	begun := time.Now()
	f.steadily(ctx, open, rampPerSecond)
	deadline := time.NewTimer(time.Until(begun.Add(d)))
	defer deadline.Stop()
	for {
		select {
		case <-s.ended:
			f.place()
		case <-deadline.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// finish waits until all calls are over. Those that are not within the limit have failed.
func (f *floor) finish(ctx context.Context, s *shift) {
	ctx, cancel := context.WithTimeout(ctx, finishLimit)
	defer cancel()
	for {
		f.mu.Lock()
		open := s.open
		f.mu.Unlock()
		if open == 0 {
			break
		}
		if pause(ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.byID {
		if c.shift == s && !c.over {
			f.over(c, stuck(c))
		}
	}
	f.shift = nobodys(s.talk)
}

func stuck(c *call) string {
	switch {
	case !c.atDesk:
		return "never reached a phone"
	case !c.answer:
		return "never answered"
	default:
		return "never ended"
	}
}

// between is a talk time drawn evenly between two.
func between(least, most time.Duration) func() time.Duration {
	draw := rand.New(rand.NewPCG(1, 2))
	return func() time.Duration { return least + time.Duration(draw.Int64N(int64(most-least)+1)) }
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

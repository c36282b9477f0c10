package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// phoneBox lets the browser's scenes use the phones: a small HTTP server on the loopback interface. Every path is a deed, its body an order, its answer {} when it is
// done, or 409 with a text that says why not. Deeds wait for what they need: "answer" for the phone to ring, "hears" for the sound.
type phoneBox struct {
	s      *stack
	url    string
	server *http.Server
	done   chan struct{}

	mu      sync.Mutex
	callers []*caller
	at      map[string]*softphone.Call // everybody's call, at their own phone
	joined  map[string]*seat           // who got a phone during a scene
}

// order is what a scene wants of a phone.
type order struct {
	Who string `json:"who"` // an agent's user, or a caller by number: caller-1 …
	To  string `json:"to"`  // a number to call
	// As whom somebody calls; left out, as one of a row of numbers, without a name.
	From string `json:"from"`
	Name string `json:"name"`
	// As which agent somebody new takes calls, and the phone's user and password.
	Agent    core.AgentID    `json:"agent"`
	User     string          `json:"user"`
	Password string          `json:"password"`
	Hears    []string        `json:"hears"`  // whom, and nobody else; ["music"] = hold music
	Values   json.RawMessage `json:"values"` // variables, as the API takes them
}

func newPhoneBox(s *stack) *phoneBox {
	s.t.Helper()
	b := &phoneBox{s: s, at: map[string]*softphone.Call{}, joined: map[string]*seat{}, done: make(chan struct{})}
	mux := http.NewServeMux()
	for path, deed := range map[string]func(context.Context, order) (any, error){
		"/dial": b.dial, "/rings": b.rings, "/answer": b.answer, "/decline": b.decline, "/hangUp": b.hangUp, "/hears": b.hears, "/gone": b.gone, "/write": b.write, "/reset": b.clear,
		"/forget": b.forget, "/kill": b.kill, "/start": b.start, "/phone": b.phone,
		"/plugIn": b.plugIn, "/carrier": b.carrier,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var o order
			err := json.NewDecoder(r.Body).Decode(&o)
			var out any = struct{}{}
			if err == nil {
				ctx, cancel := context.WithTimeout(r.Context(), 45*time.Second)
				defer cancel()
				var answer any
				if answer, err = deed(ctx, o); answer != nil {
					out = answer
				}
			}
			if err != nil {
				http.Error(w, fmt.Sprintf("%s %+v: %v", path, o, err), http.StatusConflict)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(out) // the scene has given up: nobody to tell
		})
	}
	l, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	b.url = "http://" + l.Addr().String()
	b.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(b.done)
		if err := b.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.t.Errorf("the phones' server: %v", err)
		}
	}()
	return b
}

func (b *phoneBox) close() {
	_ = b.server.Close()
	<-b.done
}

func (b *phoneBox) seat(user string) (*seat, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range browserCast {
		if c.user == user {
			return b.s.desks[i], nil
		}
	}
	if user == browserNewcomer {
		return b.s.desks[len(browserCast)], nil
	}
	if d := b.joined[user]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("nobody is called %q", user)
}

func (b *phoneBox) call(who string) (*softphone.Call, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.at[who]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("%s is in no call", who)
}

// tone is what somebody says all the time.
func (b *phoneBox) tone(who string) (float64, error) {
	if d, err := b.seat(who); err == nil {
		return d.tone, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range b.callers {
		if who == fmt.Sprintf("caller-%d", i+1) {
			return c.tone, nil
		}
	}
	return 0, fmt.Errorf("nobody is called %q", who)
}

// dial makes the next caller call a number.
func (b *phoneBox) dial(ctx context.Context, o order) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &caller{s: b.s, number: fmt.Sprintf("+4917000%03d", b.s.callers), tone: softphone.Tone(len(b.s.desks) + b.s.callers%(softphone.ToneCount-len(b.s.desks)))}
	b.s.callers++
	c.number = cmp.Or(o.From, c.number)
	voice := softphone.ToneVoice(c.tone)
	var err error
	if c.Call, err = b.s.switches[0].trunk.Dial(ctx, o.To, softphone.CallOptions{From: c.number, DisplayName: o.Name, Voice: &voice}); err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	b.callers = append(b.callers, c)
	who := fmt.Sprintf("caller-%d", len(b.callers))
	b.at[who] = c.Call
	return map[string]string{"who": who, "number": c.number}, nil
}

// rings waits for the next call at an agent's phone, which rings by itself.
func (b *phoneBox) rings(ctx context.Context, o order) (any, error) {
	d, err := b.seat(o.Who)
	if err != nil {
		return nil, err
	}
	e, err := d.next.Await(ctx, softphone.Is(softphone.Invited))
	if err != nil {
		return nil, fmt.Errorf("wait for a call: %w", err)
	}
	b.mu.Lock()
	b.at[o.Who] = e.Call
	b.mu.Unlock()
	return nil, nil //nolint:nilnil // there is nothing to tell
}

// answer takes the next call at an agent's phone.
func (b *phoneBox) answer(ctx context.Context, o order) (any, error) {
	if _, err := b.rings(ctx, o); err != nil {
		return nil, err
	}
	c, err := b.call(o.Who)
	if err != nil {
		return nil, err
	}
	if err := c.Answer(); err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	_, err = c.Await(ctx, softphone.Is(softphone.Acknowledged))
	return nil, err
}

// decline turns the next call at an agent's phone down, by the phone's own button.
func (b *phoneBox) decline(ctx context.Context, o order) (any, error) {
	if _, err := b.rings(ctx, o); err != nil {
		return nil, err
	}
	c, err := b.call(o.Who)
	if err != nil {
		return nil, err
	}
	return nil, c.Reject(603)
}

func (b *phoneBox) hangUp(ctx context.Context, o order) (any, error) {
	c, err := b.call(o.Who)
	if err != nil {
		return nil, err
	}
	return nil, c.HangUp(ctx)
}

// hears waits until somebody hears the others and nobody else.
func (b *phoneBox) hears(ctx context.Context, o order) (any, error) {
	c, err := b.call(o.Who)
	if err != nil {
		return nil, err
	}
	if slices.Equal(o.Hears, []string{"music"}) {
		return nil, c.Hears(ctx, music...)
	}
	var tones []float64
	for _, who := range o.Hears {
		tone, err := b.tone(who)
		if err != nil {
			return nil, err
		}
		tones = append(tones, tone)
	}
	return nil, c.Hears(ctx, tones...)
}

// gone waits until somebody's call is over.
func (b *phoneBox) gone(ctx context.Context, o order) (any, error) {
	c, err := b.call(o.Who)
	if err != nil {
		return nil, err
	}
	_, err = c.AwaitEnd(ctx)
	return nil, err
}

// write changes variables of the call that an agent is in, as another program would.
func (b *phoneBox) write(ctx context.Context, o order) (any, error) {
	d, err := b.seat(o.Who)
	if err != nil {
		return nil, err
	}
	v, err := b.agent(ctx, d)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, fmt.Errorf("nobody is set up as %s", d.agent)
	}
	return nil, b.s.api.Put(ctx, "/api/v1/calls/"+string(v.Call)+"/variables", map[string]any{"values": o.Values}, nil)
}

// forget passes over the calls that have come in at an agent's phone so far: a scene that let one ring in vain does not want to answer it later.
func (b *phoneBox) forget(_ context.Context, o order) (any, error) {
	d, err := b.seat(o.Who)
	if err != nil {
		return nil, err
	}
	d.next.SkipToEnd()
	return nil, nil //nolint:nilnil // there is nothing to tell
}

// kill ends the server without a word.
func (b *phoneBox) kill(context.Context, order) (any, error) {
	b.s.proc.kill9()
	return nil, nil //nolint:nilnil // there is nothing to tell
}

// start begins it again.
func (b *phoneBox) start(context.Context, order) (any, error) {
	b.s.proc.start()
	b.s.awaitReady()
	return nil, nil //nolint:nilnil // there is nothing to tell
}

// phone tells as whom somebody's phone is registered.
func (b *phoneBox) phone(_ context.Context, o order) (any, error) {
	d, err := b.seat(o.Who)
	if err != nil {
		return nil, err
	}
	return map[string]string{"user": d.phone.User()}, nil
}

// plugIn gives somebody new a phone of the set-up, which registers with its password.
func (b *phoneBox) plugIn(ctx context.Context, o order) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := &seat{agent: o.Agent, at: b.s.switches[0], tone: softphone.Tone(len(b.s.desks))}
	var err error
	d.phone, err = softphone.New(softphone.Config{User: o.User, Password: o.Password, Server: d.at.sip, Voice: softphone.ToneVoice(d.tone), ListenFor: music})
	if err != nil {
		return nil, fmt.Errorf("plug in: %w", err)
	}
	d.next = d.phone.Events().Cursor()
	b.s.desks = append(b.s.desks, d) // so that it is put away at the end
	b.joined[o.Who] = d
	return nil, d.phone.Register(ctx)
}

// carrier begins a carrier who answers when he is asked whether he is there, and tells where.
func (b *phoneBox) carrier(context.Context, order) (any, error) {
	// At an address of its own: what comes from a trunk's address is the trunk's.
	p, err := softphone.New(softphone.Config{User: "carrier", Server: b.s.switches[0].sip, Addr: "127.0.0.5:0"})
	if err != nil {
		return nil, fmt.Errorf("begin a carrier: %w", err)
	}
	b.s.t.Cleanup(p.Close)
	host, port, err := net.SplitHostPort(p.Addr())
	return map[string]string{"host": host, "port": port}, err
}

// agent asks for an agent as they are now: the board may be behind what the browsers have seen already. It is nil where the agent is not set up yet.
func (b *phoneBox) agent(ctx context.Context, d *seat) (*core.AgentView, error) {
	var row struct{ Live *core.AgentView }
	err := b.s.api.Get(ctx, "/api/v1/agents/"+string(d.agent), &row)
	if isStatus(err, http.StatusNotFound) {
		return nil, nil //nolint:nilnil // a phone that nobody has yet
	}
	return row.Live, err
}

// over waits until there is no call.
func (b *phoneBox) over(ctx context.Context) error {
	for {
		var calls struct{ Items []core.CallView }
		if err := b.s.api.Get(ctx, "/api/v1/calls", &calls); err != nil {
			return err
		}
		if len(calls.Items) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of %v: %w", calls.Items, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// clear puts everything back to where a scene begins: nobody in a call, no work owed, everybody on a break.
func (b *phoneBox) clear(ctx context.Context, _ order) (any, error) {
	b.mu.Lock()
	calls, desks := b.at, b.s.desks
	b.at, b.callers = map[string]*softphone.Call{}, nil
	b.mu.Unlock()
	for _, c := range calls {
		_ = c.HangUp(ctx) // most of them are over
	}
	if err := b.over(ctx); err != nil {
		return nil, fmt.Errorf("clear the calls: %w", err)
	}
	for _, d := range desks {
		v, err := b.agent(ctx, d)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue // a phone whose agent is not set up yet
		}
		path := "/api/v1/agents/" + string(d.agent)
		if v.WrapUp != nil {
			if err := b.s.api.Post(ctx, path+"/wrap-up", map[string]any{"reason": "Order"}, nil); err != nil {
				return nil, fmt.Errorf("wrap up: %w", err)
			}
		}
		if err := b.s.api.Post(ctx, path+"/state", map[string]any{"state": core.Idle, "reason": "break"}, nil); err != nil {
			return nil, fmt.Errorf("take a break: %w", err)
		}
		if _, err := b.s.board.Await(ctx, "everybody to be idle", func(st client.State) bool { return st.Agents[d.agent].State == core.Idle }); err != nil {
			return nil, fmt.Errorf("take a break: %w", err)
		}
		d.next.SkipToEnd()
	}
	return nil, nil //nolint:nilnil // there is nothing to tell
}

// reset is clear for the end of the test.
func (b *phoneBox) reset() {
	b.s.t.Helper()
	_, err := b.clear(b.s.soon(), order{})
	require.NoError(b.s.t, err)
}

package softphone_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newPhone(t *testing.T, cfg softphone.Config) *softphone.Phone {
	t.Helper()
	p, err := softphone.New(cfg)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// deskPhone is a registered phone of the lab.
func deskPhone(ctx context.Context, t *testing.T, a *lab.Asterisk, i int, cfg softphone.Config) *softphone.Phone {
	t.Helper()
	login := a.Phones(i + 1)[i]
	cfg.User, cfg.Password, cfg.Server = login.User, login.Password, a.SIPAddr
	p := newPhone(t, cfg)
	require.NoError(t, p.Register(ctx))
	return p
}

// ari is just enough of a control plane to connect phones.
type ari struct {
	t      *testing.T
	a      *lab.Asterisk
	events *websocket.Conn
}

type ariEvent struct {
	Type    string
	Args    []string
	Channel struct{ ID, State string }
}

func newARI(ctx context.Context, t *testing.T, a *lab.Asterisk) *ari {
	t.Helper()
	u := strings.Replace(a.ARIURL, "http://", "ws://", 1) + "/events?app=tandem&api_key=" + url.QueryEscape(a.ARIUser+":"+a.ARIPassword)
	conn, resp, err := websocket.Dial(ctx, u, nil)
	require.NoError(t, err)
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &ari{t: t, a: a, events: conn}
}

func (c *ari) do(ctx context.Context, method, path string, q url.Values) string {
	c.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, c.a.ARIURL+path+"?"+q.Encode(), nil)
	require.NoError(c.t, err)
	req.SetBasicAuth(c.a.ARIUser, c.a.ARIPassword)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Less(c.t, resp.StatusCode, 300, "%s %s: %s", method, path, body)
	var made struct{ ID string }
	_ = json.Unmarshal(body, &made)
	return made.ID
}

// started returns the next channel that enters the application.
func (c *ari) started(ctx context.Context) string {
	c.t.Helper()
	return c.await(ctx, func(e ariEvent) bool { return e.Type == "StasisStart" })
}

func (c *ari) await(ctx context.Context, match func(ariEvent) bool) (channel string) {
	c.t.Helper()
	for {
		_, data, err := c.events.Read(ctx)
		require.NoError(c.t, err)
		var e ariEvent
		require.NoError(c.t, json.Unmarshal(data, &e))
		if match(e) {
			return e.Channel.ID
		}
	}
}

func TestAsteriskRegistersWithDigest(t *testing.T) {
	a := lab.ForTest(t)
	ctx := testContext(t)
	p := deskPhone(ctx, t, a, 0, softphone.Config{})
	assert.True(t, p.IsRegistered())
	contacts, err := a.CLI(ctx, "pjsip show contacts")
	require.NoError(t, err)
	assert.Contains(t, contacts, p.Addr())

	login := a.Phones(2)[1]
	wrong := newPhone(t, softphone.Config{User: login.User, Password: "wrong", Server: a.SIPAddr})
	var refused *softphone.RefusedError
	require.ErrorAs(t, wrong.Register(ctx), &refused)
	assert.Equal(t, 401, refused.Code)
	_, err = wrong.Await(ctx, softphone.Is(softphone.RegisterFailed))
	require.NoError(t, err)

	require.NoError(t, p.Unregister(ctx))
	contacts, err = a.CLI(ctx, "pjsip show contacts")
	require.NoError(t, err)
	assert.NotContains(t, contacts, p.Addr())
	require.NoError(t, p.Register(ctx), "and comes back")
}

func TestAsteriskApologisesWhileNobodyIsInCharge_N17(t *testing.T) {
	a := lab.ForTest(t)
	ctx := testContext(t)
	caller := newPhone(t, softphone.Config{User: "caller", Server: a.SIPAddr})
	c, err := caller.Dial(ctx, "4930100", softphone.CallOptions{From: "+49301234"})
	require.NoError(t, err)
	require.NoError(t, c.HearsOther(ctx), "early media is heard")
	e, err := c.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, softphone.Refused, e.Kind)
	assert.Equal(t, 503, e.Code)
	a.NoLeftovers(t)
}

func TestAsteriskConversation_C1_C17(t *testing.T) {
	a := lab.ForTest(t)
	ctx := testContext(t)
	control := newARI(ctx, t, a)
	agent := deskPhone(ctx, t, a, 0, softphone.Config{Voice: softphone.ToneVoice(softphone.Tone(1)), Codecs: []softphone.Codec{softphone.PCMA}})
	caller := newPhone(t, softphone.Config{User: "caller", Server: a.SIPAddr, Voice: softphone.ToneVoice(softphone.Tone(0)), Codecs: []softphone.Codec{softphone.PCMU}})

	cc, err := caller.Dial(ctx, "4930100", softphone.CallOptions{From: "+49301234", DisplayName: `Zoë "Z" ${SHELL(id)}`})
	require.NoError(t, err)
	customer := control.started(ctx)
	control.do(ctx, http.MethodPost, "/channels/"+customer+"/answer", nil)
	require.NoError(t, cc.AwaitAnswer(ctx))

	control.do(ctx, http.MethodPost, "/channels", url.Values{"endpoint": {"PJSIP/" + agent.User()}, "app": {"tandem"}, "callerId": {"+49301234"}})
	ac, err := agent.AwaitCall(ctx, 1)
	require.NoError(t, err)
	_, err = ac.Await(ctx, softphone.Is(softphone.Ringing))
	require.NoError(t, err)
	require.NoError(t, ac.Answer())
	desk := control.started(ctx)
	bridge := control.do(ctx, http.MethodPost, "/bridges", url.Values{"type": {"mixing"}})
	control.do(ctx, http.MethodPost, "/bridges/"+bridge+"/addChannel", url.Values{"channel": {customer + "," + desk}})

	require.NoError(t, cc.Hears(ctx, softphone.Tone(1)))
	require.NoError(t, ac.Hears(ctx, softphone.Tone(0)))
	from := time.Now()

	require.NoError(t, cc.SendDTMF(ctx, "42#"))
	for _, want := range "42#" {
		_, err := ac.Await(ctx, func(e softphone.Event) bool { return e.Kind == softphone.Digit && e.Digit == want })
		require.NoError(t, err)
	}
	require.NoError(t, ac.Hears(ctx, softphone.Tone(0)))
	without, err := cc.Ear().LongestWithout(softphone.Tone(1), from, time.Now())
	require.NoError(t, err)
	t.Logf("the caller's longest time without the agent: %s; without a packet: %s", without, cc.Ear().LongestPacketGap(from, time.Now()))

	require.NoError(t, ac.Hold(ctx))
	require.NoError(t, cc.HearsOther(ctx), "hold music")
	require.NoError(t, ac.Resume(ctx))
	require.NoError(t, cc.Hears(ctx, softphone.Tone(1)))
	require.NoError(t, ac.Hears(ctx, softphone.Tone(0)))

	require.NoError(t, cc.HangUp(ctx))
	control.do(ctx, http.MethodDelete, "/channels/"+desk, nil)
	e, err := ac.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, softphone.Remote, e.By)
	t.Logf("reason of the BYE: %q", e.Reason)
	control.do(ctx, http.MethodDelete, "/bridges/"+bridge, nil)
	a.NoLeftovers(t)
}

func TestAsteriskConferenceOfEight(t *testing.T) {
	a := lab.ForTest(t)
	ctx := testContext(t)
	control := newARI(ctx, t, a)
	bridge := control.do(ctx, http.MethodPost, "/bridges", url.Values{"type": {"mixing"}})
	var calls []*softphone.Call
	for i := range 8 {
		p := newPhone(t, softphone.Config{User: fmt.Sprint("caller", i), Server: a.SIPAddr, Voice: softphone.ToneVoice(softphone.Tone(i))})
		c, err := p.Dial(ctx, "4930100", softphone.CallOptions{})
		require.NoError(t, err)
		leg := control.started(ctx)
		control.do(ctx, http.MethodPost, "/channels/"+leg+"/answer", nil)
		require.NoError(t, c.AwaitAnswer(ctx))
		control.do(ctx, http.MethodPost, "/bridges/"+bridge+"/addChannel", url.Values{"channel": {leg}})
		calls = append(calls, c)
	}
	for i, c := range calls {
		var others []float64
		for j := range calls {
			if j != i {
				others = append(others, softphone.Tone(j))
			}
		}
		require.NoError(t, c.Hears(ctx, others...))
	}
	for _, c := range calls {
		require.NoError(t, c.HangUp(ctx))
	}
	control.do(ctx, http.MethodDelete, "/bridges/"+bridge, nil)
	a.NoLeftovers(t)
}

func TestAsteriskPhonesRingAndOneHearsAnsweredElsewhere_N6(t *testing.T) {
	a := lab.ForTest(t)
	ctx := testContext(t)
	control := newARI(ctx, t, a)
	log := softphone.NewLog()
	p := deskPhone(ctx, t, a, 0, softphone.Config{Events: log})
	for reason, elsewhere := range map[string]bool{"answered_elsewhere": true, "normal": false} {
		before := log.Len()
		leg := control.do(ctx, http.MethodPost, "/channels", url.Values{"endpoint": {"PJSIP/" + p.User()}, "app": {"tandem"}})
		ringing, err := log.Await(ctx, before, softphone.Is(softphone.Ringing))
		require.NoError(t, err)
		// A call that Asterisk takes back before it has seen our 180 is cancelled by its SIP stack, which knows no reason.
		control.await(ctx, func(e ariEvent) bool { return e.Channel.ID == leg && e.Channel.State == "Ringing" })
		control.do(ctx, http.MethodDelete, "/channels/"+leg, url.Values{"reason": {reason}})
		e, err := ringing.Call.AwaitEnd(ctx)
		require.NoError(t, err)
		assert.Equal(t, softphone.Cancelled, e.Kind)
		assert.Equal(t, elsewhere, e.AnsweredElsewhere(), "%s: %s", reason, e)
	}
	a.NoLeftovers(t)
}

func TestAsteriskHundredPhonesRegisterAndRing_N6(t *testing.T) {
	a := lab.ForTest(t, func(o *lab.Options) { o.Phones = 100 })
	ctx := testContext(t)
	control := newARI(ctx, t, a)
	log := softphone.NewLog()
	for i := range 100 {
		deskPhone(ctx, t, a, i, softphone.Config{Events: log})
	}
	var legs []string
	for _, login := range a.Phones(100) {
		legs = append(legs, control.do(ctx, http.MethodPost, "/channels", url.Values{"endpoint": {"PJSIP/" + login.User}, "app": {"tandem"}}))
	}
	cursor := log.Cursor()
	for range legs {
		_, err := cursor.Await(ctx, softphone.Is(softphone.Ringing))
		require.NoError(t, err)
		control.await(ctx, func(e ariEvent) bool { return e.Type == "ChannelStateChange" && e.Channel.State == "Ringing" })
	}
	for _, leg := range legs {
		control.do(ctx, http.MethodDelete, "/channels/"+leg, url.Values{"reason": {"answered_elsewhere"}})
	}
	for range legs {
		e, err := cursor.Await(ctx, softphone.Is(softphone.Cancelled))
		require.NoError(t, err)
		assert.True(t, e.AnsweredElsewhere())
	}
	a.NoLeftovers(t)
}

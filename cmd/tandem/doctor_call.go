package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// testPhone is a phone that the doctor is for a moment, so that a switch can call it: no claim of a configuration proves that SIP and audio find their way.
type testPhone struct {
	phone *softphone.Phone
	calls chan *softphone.Call
}

// newTestPhone makes a phone that a switch at an address can reach: on the interface by which this machine reaches the switch.
func newTestPhone(ctx context.Context, switchHost string) (*testPhone, error) {
	addr, err := wayTo(ctx, switchHost)
	if err != nil {
		return nil, err
	}
	p := &testPhone{calls: make(chan *softphone.Call, 1)}
	p.phone, err = softphone.New(softphone.Config{
		User: "tandem-doctor", Addr: addr, Voice: softphone.ToneVoice(softphone.Tone(0)),
		Reaction: func(_ context.Context, c *softphone.Call) {
			if c.Answer() == nil {
				select {
				case p.calls <- c:
				default:
				}
			}
		},
	})
	return p, err
}

// wayTo is any free port of the interface by which this machine reaches a host.
func wayTo(ctx context.Context, host string) (addr string, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", net.JoinHostPort(host, "9")) // sends nothing
	if err != nil {
		return "", fmt.Errorf("find the way to %s: %w", host, err)
	}
	local, _, err := net.SplitHostPort(conn.LocalAddr().String())
	return net.JoinHostPort(local, "0"), firstOf(err, conn.Close())
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// uri is where the switch calls.
func (p *testPhone) uri() string { return "sip:tandem-doctor@" + p.phone.Addr() }

func (p *testPhone) close(ctx context.Context) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	p.phone.Shutdown(bye)
}

// callTime is how long a test call may take until something is heard.
const callTime = 6 * time.Second

// listen waits for the call and for the apology in it, and says what comes of it.
func (p *testPhone) listen(ctx context.Context, rtp, fallback string) []finding {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var call *softphone.Call
	select {
	case call = <-p.calls:
	case <-ctx.Done():
		return []finding{found("test call", broken, "the switch did not call "+p.uri()+", or no codec was agreed on",
			"let UDP between the switch's SIP port and this machine pass; allow G.711 (ulaw, alaw) at its endpoints")}
	}
	sip := found("test call", fine, "SIP passes, G.711 was agreed on")
	heard := call.HearsOther(ctx)
	packets := call.Ear() != nil && len(call.Ear().History()) > 1
	switch {
	case heard == nil:
		return []finding{sip, found("audio", fine, "the switch's RTP arrives here"), found("fallback", fine, "callers hear the apology when Tandem is away")}
	case packets:
		return []finding{sip, found("audio", fine, "the switch's RTP arrives here"), found("fallback", broken, "callers who find Tandem away cannot hear the apology", fallback)}
	}
	if _, ended := call.Ending(); ended {
		return []finding{sip, found("fallback", broken, "what callers get when Tandem is away ends at once", fallback)}
	}
	return []finding{sip, found("audio", broken, "no RTP of the switch arrives here", rtp)}
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// What the switches of a pair call each other: "PJSIP/1001@freeswitch" on Asterisk and "sofia/gateway/asterisk/1001" on FreeSWITCH ring desk
// phone 1001 of the other switch. A trunk between switches has the name of the switch to which it leads.
const (
	PeerAsterisk   = "asterisk"
	PeerFreeSWITCH = "freeswitch"
)

// peering is what a switch must know of the other.
type peering struct {
	contact string
	secret  string
}

// StartPair starts an Asterisk and a FreeSWITCH that know each other. ctx bounds the start only.
func StartPair(ctx context.Context, oa Options, of FreeSWITCHOptions) (*Asterisk, *FreeSWITCH, error) {
	if err := errors.Join(oa.check(), (Options{Name: of.Name, Phones: of.Phones}).check()); err != nil {
		return nil, nil, err
	}
	hf, err := findFreeSWITCH() // first, because nothing can install it
	if err != nil {
		return nil, nil, err
	}
	ha, err := findHost(ctx)
	if err != nil {
		return nil, nil, err
	}
	// Each is told the other's address, so both have their ports before either starts.
	sa, err := takeSlot(ha, oa.Name)
	if err != nil {
		return nil, nil, err
	}
	sf, err := takeSlot(hf, of.Name)
	if err != nil {
		return nil, nil, errors.Join(err, sa.release())
	}
	shared := secret()
	a, errA := prepare(ha, sa, oa, &peering{contact: fmt.Sprintf("sip:127.0.0.1:%d", sf.peerPort()), secret: shared})
	f, errF := prepareFreeSWITCH(hf, sf, of, &peering{contact: fmt.Sprintf("sip:127.0.0.1:%d", sa.firstPort), secret: shared})
	if err := errors.Join(errA, errF); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("prepare a pair of switches: %w", err), sa.release(), sf.release())
	}
	if err := errors.Join(a.start(ctx), f.start(ctx)); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start a pair of switches: %w", err), a.Stop(), f.Stop())
	}
	return a, f, nil
}

// PairForTest starts an Asterisk and a FreeSWITCH that know each other, and stops them at the test's end. Where one of them is missing the test
// is skipped, loudly.
func PairForTest(tb testing.TB, changeA func(*Options), changeF func(*FreeSWITCHOptions)) (*Asterisk, *FreeSWITCH) {
	tb.Helper()
	var oa Options
	var of FreeSWITCHOptions
	if changeA != nil {
		changeA(&oa)
	}
	if changeF != nil {
		changeF(&of)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, f, err := StartPair(ctx, oa, of)
	skipIfMissing(tb, err)
	if err != nil {
		tb.Fatalf("start a pair of switches: %v", err)
	}
	stopAtEnd(tb, "Asterisk", a)
	stopAtEnd(tb, "FreeSWITCH", f)
	return a, f
}

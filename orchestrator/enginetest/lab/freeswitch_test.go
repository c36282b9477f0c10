package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// fsComplaints are the lines of FreeSWITCH's log, which has warnings and worse only.
func fsComplaints(t *testing.T, f *FreeSWITCH) []string {
	t.Helper()
	b, err := os.ReadFile(f.Log())
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(b)) {
		// How many threads SIP has, told as a warning; a look at the database that has to be repeated because somebody writes; and that the machine stood still.
		if strings.Contains(line, "MSG Thread") || strings.Contains(line, "SQLite is BUSY, sane=") || strings.Contains(line, "Task was executed late by") {
			continue
		}
		out = append(out, strings.TrimSpace(line))
	}
	return out
}

func TestFreeSWITCHStartsWithoutComplaint(t *testing.T) {
	f := FreeSWITCHForTest(t)
	t.Logf("ready after %v", f.Started)
	out, err := f.API(testContext(t), "version")
	require.NoError(t, err)
	assert.Contains(t, out, "FreeSWITCH Version 1.")
	assert.Empty(t, fsComplaints(t, f))
	f.NoLeftovers(t)
}

// fsRegistered opens the first n desk phones.
func fsRegistered(t *testing.T, f *FreeSWITCH, n int, change func(i int, c *softphone.Config)) []*softphone.Phone {
	t.Helper()
	return registerAll(t, f.SIPAddr, f.Phones(n), change)
}

// call gives one command and expects it to be taken.
func (f *FreeSWITCH) call(t *testing.T, format string, args ...any) string {
	t.Helper()
	out, err := f.API(testContext(t), fmt.Sprintf(format, args...))
	require.NoError(t, err)
	require.NotContains(t, out, "-ERR")
	return strings.TrimSpace(out)
}

func TestFreeSWITCHPhonesRegister(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	phones := fsRegistered(t, f, 3, nil)
	contacts := f.awaitContacts(t, 3)
	assert.Contains(t, contacts["1001"], phones[0].Addr())

	// A phone can be called, parks, and hears what it is played.
	f.call(t, "bgapi originate {origination_uuid=leg-0001}user/1001@%s &park()", freeswitch.Domain)
	c, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.Equal(t, "leg-0001", f.awaitParked(t))
	f.call(t, "uuid_broadcast leg-0001 %s/tandem/apology.wav aleg", f.Dir+"/sounds")
	require.NoError(t, c.HearsOther(testContext(t)))
	require.NoError(t, c.HangUp(testContext(t)))
	f.NoLeftovers(t)
	assert.Empty(t, fsComplaints(t, f))
}

// N17: without Tandem, a number with a backup is forwarded, others hear an apology.
func TestFreeSWITCHFallbackWhileTandemIsAway(t *testing.T) {
	t.Parallel()
	carrier := newPeer(t, answering("180 Ringing", "200 OK"))
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) { o.CarrierContact = "sip:" + carrier.addr() })

	t.Run("apology", func(t *testing.T) {
		caller := newPeer(t, nil)
		caller.invite(t, f.SIPAddr, "+4930100", "<sip:+49170@127.0.0.1>")
		caller.await(t, "SIP/2.0 183")
		m := caller.await(t, "SIP/2.0 503")
		assert.Contains(t, m.header("Reason"), "cause=34")
		caller.awaitMedia(t, 200) // RTP packets of 20 ms: some seconds of speech
	})

	t.Run("backup", func(t *testing.T) {
		f.call(t, "db insert/%s/+4930200/carrier/+4940555", freeswitch.BackupRealm)
		require.NoError(t, f.Restart(testContext(t)), "the backup outlives FreeSWITCH")
		caller := newPeer(t, answering())
		id := caller.invite(t, f.SIPAddr, "+4930200", `"Ada" <sip:+49170@127.0.0.1>`)
		ok := caller.await(t, "SIP/2.0 200")
		in := carrier.await(t, "INVITE")
		assert.Contains(t, in.first(), "INVITE sip:+4940555@"+carrier.addr())
		assert.Contains(t, in.header("From"), "+49170", "the backup sees who calls")
		tag := ok.header("To")
		caller.request(t, f.SIPAddr, "ACK", "+4930200", `"Ada" <sip:+49170@127.0.0.1>`, id, 1, tag[strings.Index(tag, ";tag="):], "")
		caller.request(t, f.SIPAddr, "BYE", "+4930200", `"Ada" <sip:+49170@127.0.0.1>`, id, 2, tag[strings.Index(tag, ";tag="):], "")
		carrier.await(t, "BYE")
	})

	t.Run("a phone hears the apology", func(t *testing.T) {
		phone := fsRegistered(t, f, 1, nil)[0]
		c, err := phone.Dial(testContext(t), "+4930200", softphone.CallOptions{})
		require.NoError(t, err)
		end, err := c.AwaitEnd(testContext(t))
		require.NoError(t, err)
		assert.Equal(t, 503, end.Code)
	})
	f.NoLeftovers(t)
}

// Who comes in, and as what.
func TestFreeSWITCHWhoMayCall(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)

	t.Run("a phone's name needs its password", func(t *testing.T) {
		p := newPeer(t, nil)
		p.invite(t, f.SIPAddr, "+4930100", "<sip:1001@127.0.0.1>")
		p.await(t, "SIP/2.0 407")
	})
	t.Run("a wrong password is rejected", func(t *testing.T) {
		login := f.Phones(1)[0]
		p, err := softphone.New(softphone.Config{User: login.User, Password: "wrong", Server: f.SIPAddr})
		require.NoError(t, err)
		t.Cleanup(p.Close)
		require.Error(t, p.Register(testContext(t)))
		c, err := p.Dial(testContext(t), "+4930100", softphone.CallOptions{})
		if err == nil {
			end, err := c.AwaitEnd(testContext(t))
			require.NoError(t, err)
			assert.Contains(t, []int{401, 403, 407}, end.Code)
		}
	})
	t.Run("a phone with its password is handed over as that phone", func(t *testing.T) {
		f.Patience(t, 60)
		phone := fsRegistered(t, f, 1, nil)[0]
		c, err := phone.Dial(testContext(t), "+4930100", softphone.CallOptions{})
		require.NoError(t, err)
		leg := f.awaitParked(t)
		assert.Equal(t, freeswitch.FromPhone, f.call(t, "uuid_getvar %s %s", leg, freeswitch.VarFrom))
		assert.Equal(t, "1001", f.call(t, "uuid_getvar %s %s", leg, freeswitch.VarPhone))
		require.NoError(t, c.HangUp(testContext(t)))
	})
	t.Run("a stranger cannot register", func(t *testing.T) {
		p := newPeer(t, nil)
		p.request(t, f.SIPAddr, "REGISTER", "9999", "<sip:9999@127.0.0.1>", "reg-stranger", 1, "", "")
		p.await(t, "SIP/2.0 4")
		left, err := f.Contacts(testContext(t))
		require.NoError(t, err)
		assert.NotContains(t, left, "9999")
	})
	t.Run("nobody subscribes", func(t *testing.T) {
		p := newPeer(t, nil)
		p.request(t, f.SIPAddr, "SUBSCRIBE", "1001", "<sip:x@127.0.0.1>", "sub", 1, "", "")
		p.await(t, "SIP/2.0 4")
	})
	f.NoLeftovers(t)
}

// await looks until it finds what it looks for.
func await(t *testing.T, look func(ctx context.Context) bool) {
	t.Helper()
	awaitWithin(testContext(t), t, look)
}

func awaitWithin(ctx context.Context, t *testing.T, look func(ctx context.Context) bool) {
	t.Helper()
	for !look(ctx) {
		select {
		case <-ctx.Done():
			t.Fatal("it does not come")
		case <-time.After(poll):
		}
	}
}

// awaitContacts waits until so many phones are listed: the list is written a little after the phone has its answer.
func (f *FreeSWITCH) awaitContacts(t *testing.T, n int) (contacts map[string]string) {
	t.Helper()
	await(t, func(ctx context.Context) bool {
		var err error
		contacts, err = f.Contacts(ctx)
		require.NoError(t, err)
		return len(contacts) == n
	})
	return contacts
}

// awaitParked returns the one channel on the switch, as soon as it waits for orders.
func (f *FreeSWITCH) awaitParked(t *testing.T) (leg string) {
	t.Helper()
	await(t, func(ctx context.Context) bool {
		rows, err := f.channels(ctx)
		require.NoError(t, err)
		if len(rows) == 1 && rows[0]["application"] == "park" {
			leg = rows[0]["uuid"]
		}
		return leg != ""
	})
	return leg
}

// awaitParkedLegs waits until these legs, and no others, wait for orders.
func (f *FreeSWITCH) awaitParkedLegs(t *testing.T, legs ...string) {
	t.Helper()
	await(t, func(ctx context.Context) bool {
		rows, err := f.channels(ctx)
		require.NoError(t, err)
		n := 0
		for _, r := range rows {
			if slices.Contains(legs, r["uuid"]) && r["application"] == "park" {
				n++
			}
		}
		return n == len(legs)
	})
}

func TestFreeSWITCHRunsUnprivileged(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	pids, err := f.host.running(f.Dir)
	require.NoError(t, err)
	require.Len(t, pids, 1)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pids[0]))
	require.NoError(t, err)
	assert.NotRegexp(t, `(?m)^Uid:\s+0\s`, string(b))
	assert.Regexp(t, `(?m)^CapEff:\s+0+$`, string(b))

	info, err := os.Stat(f.Recordings)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o007, "what callers have said is not for everybody on the machine")
}

// Nobody runs a program through the switch, not even Tandem.
func TestFreeSWITCHRunsNoPrograms(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	mark := filepath.Join(f.Dir, "tmp", "mark")
	for _, command := range []string{"system touch " + mark, "bg_system touch " + mark, "spawn touch " + mark, "expand echo ${system(touch " + mark + ")}"} {
		out, err := f.API(testContext(t), command)
		require.NoError(t, err)
		t.Logf("%s: %s", command, strings.TrimSpace(out))
	}
	_, err := os.Stat(mark)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestTwoFreeSWITCHesSideBySide(t *testing.T) {
	t.Parallel()
	a, b := FreeSWITCHForTest(t), FreeSWITCHForTest(t)
	assert.NotEqual(t, a.Dir, b.Dir)
	assert.NotEqual(t, a.SIPAddr, b.SIPAddr)
	for _, f := range []*FreeSWITCH{a, b} {
		assert.Contains(t, f.call(t, "status"), "is ready")
	}
	// One's password is of no use at the other.
	_, err := openEventSocket(testContext(t), b.ESLAddr, a.ESLPassword)
	assert.ErrorContains(t, err, "invalid")
}

func TestFreeSWITCHStopRemovesEverything(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	ours, pid := mark(t, f.Dir), f.proc.pid
	require.NoError(t, f.Stop())
	assert.NoFileExists(t, ours)
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	assert.NoError(t, f.Stop(), "stopping twice does nothing")
}

func TestNamedFreeSWITCHIsFoundAgain(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("test-%d", os.Getpid())
	named := func(o *FreeSWITCHOptions) { o.Name = name }
	a := FreeSWITCHForTest(t, named)
	t.Cleanup(func() {
		assert.NoError(t, os.RemoveAll(a.Dir))
		assert.NoError(t, os.Remove(filepath.Join(filepath.Dir(a.Dir), "name-"+name+".lock")))
	})
	a.call(t, "db insert/lab/key/value")
	_, err := StartFreeSWITCH(testContext(t), FreeSWITCHOptions{Name: name})
	require.ErrorContains(t, err, "is running", "one name, one instance")
	require.NoError(t, a.Stop())
	b := FreeSWITCHForTest(t, named)
	assert.Equal(t, a.Dir, b.Dir)
	assert.Equal(t, "value", b.call(t, "db select/lab/key"))
}

// A killed test process cannot clean up. The kernel ends its FreeSWITCH; that the next owner of the slot clears its directory is shown with Asterisk.
func TestFreeSWITCHEndsWithItsOwner(t *testing.T) {
	h := FreeSWITCHForTest(t).host // skips where there is none
	dir, kill := holdSwitch(t, freeswitchKind)
	pids, err := h.running(dir)
	require.NoError(t, err)
	require.Len(t, pids, 1)
	kill()
	await(t, func(context.Context) bool {
		left, err := h.running(dir)
		require.NoError(t, err)
		return !slices.Contains(left, pids[0]) // there may be somebody else's in that slot already
	})
}

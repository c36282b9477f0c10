package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// music is the tones of which hold music consists, the same on every switch; musicTone stands for it.
var (
	music     = asterisk.MusicTones(asterisk.MusicDefault)
	musicTone = music[0]
)

// longestGap is how long a break in what somebody hears may be: about a syllable. What these tests look for, a conversation or music that ends with what failed, lasts for seconds; on a
// machine that is busy with a browser and two switches a few packets come late all the same. The phones speak and listen in this very process, and the switch passes on what they say:
// where either was kept from running for longer itself, nothing can have been heard.
const longestGap = 250 * time.Millisecond

type stalls = lab.Stalls

// heartbeat is of this process.
var heartbeat stalls

// heard holds that a tone was heard since a moment without a break.
func (s *stack) heard(who string, c *softphone.Call, hz float64, since time.Time) {
	t := s.t
	t.Helper()
	gap, err := c.Ear().LongestWithout(hz, since, time.Now().Add(-longestGap))
	require.NoError(t, err)
	if gap <= longestGap {
		return
	}
	here, there := heartbeat.Worst(since), time.Duration(0)
	for _, x := range s.switches {
		there = max(there, x.starved.Worst(since))
	}
	kept := fmt.Sprintf("this process was kept from running for %s, and the switch for %s", here, there)
	if gap <= longestGap+here+there {
		t.Logf("%s did not hear %g Hz for %s, while %s", who, hz, gap, kept)
		return
	}
	var history strings.Builder
	for _, h := range c.Ear().History() {
		fmt.Fprintf(&history, "%6.2f s: %s; ", h.At.Sub(since).Seconds(), h)
	}
	require.Fail(t, "a break", "%s did not hear %g Hz for %s; %s; until now, at %.2f s: %s", who, hz, gap, kept, time.Since(since).Seconds(), history.String())
}

package core

import (
	"strings"
	"testing"
)

// givenUp is the story of a customer whose leg would not go.
const givenUp = `# x
> tenant acme and agent ann and queue sales ann and number 100 queue=sales
> up nothing
> ann available
> c1 calls 100 from +4930
> answers c1
> answers ann
> end ann
> goes ann
> +60s calls
`

// A switch that has begun anew may give a name again (legOfCustomer): whoever has the name of a leg that was given up before is somebody else, and is let in.
func TestADoomedLegsNameMayBeGivenAgain(t *testing.T) {
	t.Parallel()
	story := playTranscript(t, givenUp+"> down\n> up restarted +c1=100:up\n")
	_, then, _ := strings.Cut(story, "> up restarted")
	if strings.Contains(then, "-> hang c1") {
		t.Errorf("a new caller is hung up on:%s", then)
	}
}

// What a switch does not let go of for days is hung up on at each beat, but told once: the timeline is kept.
func TestADoomedLegDoesNotFillTheTimeline(t *testing.T) {
	t.Parallel()
	var beats strings.Builder
	for range 100 {
		beats.WriteString("> +10s seen +c1=100:up\n")
	}
	story := playTranscript(t, givenUp+beats.String())
	if n := strings.Count(story, "    repair "); n != 1 {
		t.Errorf("told %d times in 1000 seconds", n)
	}
}

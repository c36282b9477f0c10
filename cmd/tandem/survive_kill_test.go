package main

import (
	"testing"
)

// TestKillNine kills the control plane in a busy moment, and starts it again (C12, Q3, Q4, Q11, C15).
func TestKillNine(t *testing.T) {
	for _, v := range []variant{embedded, production} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			k := newScene(newStack(t, v, 6))
			k.proc.kill9()
			k.meanwhile(true)
			k.proc.start()
			k.awaitReady()
			k.resumed()
			k.nothingIsLost(true, map[string]int{
				"leg_gone":      2, // who gave up, and the phone on which the switch gave up
				"answer_missed": 1, // the phone that was answered
			})
		})
	}
}

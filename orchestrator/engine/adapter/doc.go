// Package adapter is what the adapters of two switches (ari, esl) have in common: in which order a leg's effects and facts take their turns, what an effect must look like before
// any switch hears of it, and what a SIP response or a caller's name means. It knows no switch.
package adapter

package core

// Cause says why a leg ended: normalised from Q.850 and the SIP final response, with who brought it about.
type Cause struct {
	Code CauseCode `json:"code"`
	By   Party     `json:"by"`
	Q850 int       `json:"q850,omitempty"` // ITU-T Q.850 value as the switch gave it; 0 = none
	SIP  int       `json:"sip,omitempty"`  // SIP final response as the switch gave it; 0 = none
}

// CauseCode is the normalised reason for the end of a leg.
type CauseCode string

// The normalised causes. Which final response of SIP means which is adapter.CauseOfSIP's to say; Q.850 values that have no such response are the adapters'.
const (
	CauseNormal            CauseCode = "normal"             // hung up after answer, or given up before it
	CauseBusy              CauseCode = "busy"               // the phone is in another call; Q.850 17
	CauseNoAnswer          CauseCode = "no_answer"          // rang and was not taken; Q.850 19
	CauseDeclined          CauseCode = "declined"           // whoever was called does not want the call; Q.850 21
	CauseUnreachable       CauseCode = "unreachable"        // not registered, or no response at all; Q.850 18, 20, 27
	CauseCancelled         CauseCode = "cancelled"          // we stopped it before it was answered
	CauseAnsweredElsewhere CauseCode = "answered_elsewhere" // another phone took the call; Q.850 26
	CauseCongestion        CauseCode = "congestion"         // no capacity, or a fault at the far end; Q.850 34, 42
	CauseUnallocated       CauseCode = "unallocated"        // no such number; Q.850 1
	CauseRejected          CauseCode = "rejected"           // the far end refuses such a call: no common codec, no encryption where it is required
	CauseRedirected        CauseCode = "redirected"         // the phone answered 302 and we do not follow it
	CauseNetwork           CauseCode = "network"            // media or signalling was lost in mid-call; Q.850 38, 41, 44
	CauseEngine            CauseCode = "engine"             // the switch restarted or lost the leg
	CauseUnknown           CauseCode = "unknown"
)

// Party says to whom the end of a leg is attributed.
type Party string

// The parties of an attribution.
const (
	ByUs            Party = "ours"
	ByThem          Party = "theirs"
	ByNetwork       Party = "network"
	ByIndeterminate Party = "indeterminate"
)

// Fault reports whether the leg was lost rather than ended: nobody at either end meant it.
func (c Cause) Fault() bool {
	switch c.Code {
	case CauseNetwork, CauseEngine, CauseCongestion, CauseUnreachable:
		return true
	case CauseNormal, CauseBusy, CauseNoAnswer, CauseDeclined, CauseCancelled, CauseAnsweredElsewhere, CauseUnallocated, CauseRejected,
		CauseRedirected, CauseUnknown:
	}
	return c.By == ByNetwork
}

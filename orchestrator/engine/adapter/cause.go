package adapter

import "github.com/tandem-voice/tandem/orchestrator/core"

// CauseOfSIP reads the final SIP response, 300 to 699, of a far end that we dialled: what happened, and who brought it about. rang says that it had rung, phone that it is a desk phone
// rather than a number beyond a trunk.
func CauseOfSIP(status int, rang, phone bool) (core.CauseCode, core.Party) {
	switch status {
	case 486, 600:
		return core.CauseBusy, core.ByThem
	case 603, 403, 607, 608:
		return core.CauseDeclined, core.ByThem
	case 480:
		if rang {
			return core.CauseNoAnswer, core.ByThem
		}
		return core.CauseUnreachable, core.ByThem
	case 408:
		if rang {
			return core.CauseNoAnswer, core.ByThem
		}
		return core.CauseUnreachable, core.ByNetwork
	case 404, 410, 484, 604:
		if phone {
			return core.CauseUnreachable, core.ByThem
		}
		return core.CauseUnallocated, core.ByThem
	case 500, 502, 503, 504, 580:
		return core.CauseCongestion, core.ByNetwork
	}
	if status < 400 {
		return core.CauseRedirected, core.ByThem
	}
	return core.CauseRejected, core.ByThem
}

// OwnCause is the cause of a leg that we ended ourselves. Who ends a dial that nobody has answered, and gives no other reason, has cancelled it.
func OwnCause(asked core.CauseCode, dialled, answered bool) core.CauseCode {
	if dialled && !answered && asked == core.CauseNormal {
		return core.CauseCancelled
	}
	return asked
}

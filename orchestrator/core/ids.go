package core

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Identifiers. All are opaque text. Those that Tandem makes (calls, legs that it dials, recordings, plays) are lower-case UUIDs of
// fixed length, because Asterisk compares channel ids by case-insensitive prefix: no id may be a prefix of another.
type (
	// TenantID names one customer organisation of the installation.
	TenantID string
	// EntryPointID names an entry point: phone numbers with their routing.
	EntryPointID string
	// HoursID names opening hours.
	HoursID string
	// QueueID names a queue. The private queue of a ring group has the id of its entry point behind "ring:".
	QueueID string
	// AgentID names an agent.
	AgentID string
	// CallID names a call: what the customer means by one, whatever legs it takes.
	CallID string
	// LegID names one channel on one switch. A dialled leg's id is chosen by the core before the switch hears of it;
	// a leg that arrives has the id that its switch gave it.
	LegID string
	// MixID names a set of legs that hear each other.
	MixID string
	// RecordingID names one recording, and its file at the switch.
	RecordingID string
	// PlayID names one playing of media to a leg.
	PlayID string
	// EngineID names one switch.
	EngineID string
	// EffectID orders the effects of a shard; each is used once.
	EffectID uint64
	// CommandID is chosen by whoever sends an intent. The same id twice is the same command, carried out once.
	CommandID string
)

// newID derives the next identifier from the shard's seed and counter: a UUID (version 8) that no other shard makes.
func (s *Shard) newID() string {
	s.st.IDs++
	var in [16]byte
	binary.BigEndian.PutUint64(in[:8], s.st.Seed)
	binary.BigEndian.PutUint64(in[8:], s.st.IDs)
	sum := sha256.Sum256(in[:])
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], sum[0:4])
	hex.Encode(out[9:13], sum[4:6])
	hex.Encode(out[14:18], sum[6:8])
	hex.Encode(out[19:23], sum[8:10])
	hex.Encode(out[24:36], sum[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// mix64 is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): a fixed scrambling of 64 bits, used for the seeded random strategy.
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

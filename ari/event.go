package ari

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lib "github.com/CyCoreSystems/ari/v6"
)

// event is what the adapter needs of one ARI event, whichever way it was decoded.
type event struct {
	kind      string
	channel   channel
	bridge    string
	cause     int  // Q.850, of ChannelDestroyed and ChannelHangupRequest
	techCause int  // SIP status, of the same
	soft      bool // of ChannelHangupRequest: Asterisk itself asks, not the channel's far end
	digit     string
	playback  playback
	recording liveRecording
	endpoint  endpoint
}

type channel struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	State    string            `json:"state"`
	Caller   party             `json:"caller"`
	Dialplan place             `json:"dialplan"`
	Vars     map[string]string `json:"channelvars"`
}

type party struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

type place struct {
	Exten   string `json:"exten"`
	AppName string `json:"app_name"`
	AppData string `json:"app_data"`
}

type playback struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Target string `json:"target_uri"`
}

type liveRecording struct {
	Name     string  `json:"name"`
	State    string  `json:"state"`
	Cause    string  `json:"cause"`
	Target   string  `json:"target_uri"`
	Duration float64 `json:"duration"` // seconds
}

type endpoint struct {
	Technology string `json:"technology"`
	Resource   string `json:"resource"`
	State      string `json:"state"`
}

// The events that are asked for: the event filter lets nothing else through. Most of Asterisk's traffic would be
// ChannelVarset and ChannelDialplan, which say nothing about a call.
//
// PeerStatusChange and ContactStatusChange carry the endpoint's state. EndpointStateChange would too, but it is also
// sent for every channel that comes and goes, with a list of all the endpoint's channels.
var allowedEvents = []string{
	"StasisStart", "ChannelStateChange", "ChannelDestroyed", "ChannelHangupRequest", "ChannelDtmfReceived", "ChannelHold", "ChannelUnhold",
	"ChannelEnteredBridge", "ChannelLeftBridge", "PlaybackFinished", "RecordingStarted", "RecordingFinished", "RecordingFailed",
	"PeerStatusChange", "ContactStatusChange",
}

// replacedEvent says that another client has taken the application over. It does not pass through the event filter.
const replacedEvent = "ApplicationReplaced"

var wantedEvents = func() map[string]bool {
	wanted := map[string]bool{replacedEvent: true}
	for _, kind := range allowedEvents {
		wanted[kind] = true
	}
	return wanted
}()

// errNoEvent says that a frame holds no event at all.
var errNoEvent = errors.New("ari: frame holds no event")

// perCall are the events of which every call makes a dozen. The library's decoder reads a frame several times over, with all the fields that nobody
// asks for: with it, decoding these is a good part of what a call costs us. They are read once, by our own scanner, which a
// test holds to the library's on recorded streams.
var perCall = map[string]bool{
	"StasisStart": true, "ChannelStateChange": true, "ChannelDestroyed": true, "ChannelHangupRequest": true,
	"ChannelEnteredBridge": true, "ChannelLeftBridge": true,
}

// decodeEvent reads one websocket frame. ok is false for events that the adapter has no use for. Our own reading is lenient and in one pass. What is no
// daily bread is read by the library, which knows the shapes better; but it has no tech_cause, refuses an event for one odd field
// (a null timestamp, a fractional duration), and may panic: then our own reading stands.
func decodeEvent(frame []byte) (ev event, ok bool, err error) {
	if ev, ok = scanEvent(frame); ok && perCall[ev.kind] {
		return ev, true, nil
	}
	if ev, err = decodeOnce(frame); err != nil {
		return event{}, false, err
	}
	if ev.kind == "" {
		return event{}, false, errNoEvent
	}
	if !wantedEvents[ev.kind] {
		return event{}, false, nil
	}
	if !perCall[ev.kind] {
		if read, known := decodeByLibrary(frame); known {
			read.kind, read.techCause = ev.kind, ev.techCause
			return read, true, nil
		}
	}
	return ev, true, nil
}

// decodeByLibrary reports false for whatever the library cannot decode.
func decodeByLibrary(frame []byte) (ev event, ok bool) {
	defer func() {
		if recover() != nil {
			ev, ok = event{}, false
		}
	}()
	decoded, err := lib.DecodeEvent(frame)
	if err != nil {
		return event{}, false
	}
	switch e := decoded.(type) {
	case *lib.StasisStart:
		ev.channel = channelOf(e.Channel)
	case *lib.ChannelStateChange:
		ev.channel = channelOf(e.Channel)
	case *lib.ChannelDestroyed:
		ev.channel, ev.cause = channelOf(e.Channel), e.Cause
	case *lib.ChannelHangupRequest:
		ev.channel, ev.cause, ev.soft = channelOf(e.Channel), e.Cause, e.Soft
	case *lib.ChannelDtmfReceived:
		ev.channel, ev.digit = channelOf(e.Channel), e.Digit
	case *lib.ChannelHold:
		ev.channel = channelOf(e.Channel)
	case *lib.ChannelUnhold:
		ev.channel = channelOf(e.Channel)
	case *lib.ChannelEnteredBridge:
		ev.channel, ev.bridge = channelOf(e.Channel), e.Bridge.ID
	case *lib.ChannelLeftBridge:
		ev.channel, ev.bridge = channelOf(e.Channel), e.Bridge.ID
	case *lib.PlaybackFinished:
		ev.playback = playback{ID: e.Playback.ID, State: e.Playback.State, Target: e.Playback.TargetURI}
	case *lib.RecordingStarted:
		ev.recording = recordingOf(e.Recording)
	case *lib.RecordingFinished:
		ev.recording = recordingOf(e.Recording)
	case *lib.RecordingFailed:
		ev.recording = recordingOf(e.Recording)
	case *lib.PeerStatusChange:
		ev.endpoint = endpointOf(e.Endpoint)
	case *lib.ContactStatusChange:
		ev.endpoint = endpointOf(e.Endpoint)
	case *lib.ApplicationReplaced:
	default:
		return event{}, false
	}
	return ev, true
}

// decodeOnce takes what it can of a frame: a field of an odd type is left empty.
func decodeOnce(frame []byte) (event, error) {
	var raw struct {
		Type    string  `json:"type"`
		Channel channel `json:"channel"`
		Bridge  struct {
			ID string `json:"id"`
		} `json:"bridge"`
		Cause     int           `json:"cause"`
		TechCause int           `json:"tech_cause"`
		Soft      bool          `json:"soft"`
		Digit     string        `json:"digit"`
		Playback  playback      `json:"playback"`
		Recording liveRecording `json:"recording"`
		Endpoint  endpoint      `json:"endpoint"`
	}
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(frame, &raw); err != nil && !errors.As(err, &odd) {
		return event{}, fmt.Errorf("%w: %w", errNoEvent, err)
	}
	return event{
		kind: raw.Type, techCause: raw.TechCause, channel: raw.Channel, bridge: raw.Bridge.ID, cause: raw.Cause, soft: raw.Soft, digit: raw.Digit,
		playback: raw.Playback, recording: raw.Recording, endpoint: raw.Endpoint,
	}, nil
}

func channelOf(d lib.ChannelData) channel {
	c := channel{ID: d.ID, Name: d.Name, State: d.State, Vars: d.ChannelVars}
	if d.Caller != nil {
		c.Caller = party{Name: d.Caller.Name, Number: d.Caller.Number}
	}
	if d.Dialplan != nil {
		c.Dialplan = place{Exten: d.Dialplan.Exten, AppName: d.Dialplan.AppName, AppData: d.Dialplan.AppData}
	}
	return c
}

func recordingOf(d lib.LiveRecordingData) liveRecording {
	return liveRecording{
		Name: d.Name, State: d.State, Cause: d.Cause, Target: d.TargetURI,
		Duration: time.Duration(d.Duration).Seconds(),
	}
}

func endpointOf(d lib.EndpointData) endpoint {
	return endpoint{Technology: d.Technology, Resource: d.Resource, State: d.State}
}

// helper reports whether a channel is one that Asterisk makes for its own purposes (recorders, announcers, spies): no leg.
func (c channel) helper() bool {
	if isKeeper(c.ID) {
		return true
	}
	tech, _, _ := strings.Cut(c.Name, "/")
	switch tech {
	case "Recorder", "Announcer", "Snoop", "CBAnn", "CBRec", "Surrogate":
		return true
	}
	return false
}

// inApp reports whether the channel is in the Stasis application.
func (c channel) inApp(app string) bool {
	name, _, _ := strings.Cut(c.Dialplan.AppData, ",")
	return strings.EqualFold(c.Dialplan.AppName, "Stasis") && name == app
}

// dialledBy reports whether the Tandem with this application dialled the channel. Two installations can share a switch.
func (c channel) dialledBy(app string) bool { return c.Vars[appVariable] == app }

// The channel variables by which we know our own legs again. ari.conf lists them as channelvars, so that they are in every event.
const (
	callVariable = "TANDEM_CALL"
	appVariable  = "TANDEM_APP"
)

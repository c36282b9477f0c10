package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// asteriskNeeds are the modules without which something does not work, and what that is.
var asteriskNeeds = []struct {
	check, fails string
	modules      []string
}{
	{"codecs", "calls have no audio", []string{"codec_ulaw", "codec_alaw", "res_rtp_asterisk", "res_srtp"}},
	{"SIP", "phones and trunks cannot call", []string{"chan_pjsip", "res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_registrar"}},
	{"control", "Tandem cannot take calls", []string{"app_stasis", "res_stasis", "res_stasis_answer", "res_stasis_playback", "res_stasis_snoop", "res_ari_channels", "res_ari_bridges", "res_ari_events", "res_ari_endpoints"}},
	{"mixing", "nobody hears anybody", []string{"bridge_simple", "bridge_softmix", "bridge_holding", "res_musiconhold"}},
	{"recording", "nothing can be recorded", []string{"res_stasis_recording", "res_ari_recordings", "format_wav"}},
	{"fallback modules", "callers who find Tandem away hear nothing", []string{"pbx_config", "app_playback", "app_dial", "func_strings", "func_db"}},
}

// asteriskRest asks Asterisk's REST interface.
type asteriskRest struct {
	a    asteriskSettings
	base string
}

func (a asteriskSettings) rest() asteriskRest {
	return asteriskRest{a, strings.TrimSuffix(strings.TrimSuffix(a.URL, "/"), "/ari") + "/ari"}
}

// errNotThere says that Asterisk knows no such thing.
var errNotThere = errors.New("there is no such thing")

// do sends one request; into may be nil, or take the decoded answer.
func (r asteriskRest) do(ctx context.Context, method, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, r.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return errors.New(r.a.prefix + "_URL: is not a URL")
	}
	req.SetBasicAuth(r.a.User, r.a.Password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case res.StatusCode == http.StatusNotFound:
		return errNotThere
	case res.StatusCode/100 != 2:
		return fmt.Errorf("answers %s: %.200s", res.Status, strings.TrimSpace(string(body)))
	case into != nil:
		return json.Unmarshal(body, into)
	}
	return nil
}

// examine implements [switchSettings].
func (a asteriskSettings) examine(ctx context.Context, call bool) []finding {
	r := a.rest()
	out := r.modules(ctx)
	out = append(out, r.apology(ctx), r.recording(ctx))
	endpoints, f := r.phones(ctx)
	out = append(out, f...)
	out = append(out, checkTLS(ctx, a.prefix, a.Certificate, a.TLS)...)
	if call {
		out = append(out, r.testCall(ctx, endpoints)...)
	}
	return out
}

func (r asteriskRest) modules(ctx context.Context) []finding {
	var loaded []struct{ Name, Status string }
	if err := r.do(ctx, http.MethodGet, "/asterisk/modules", nil, &loaded); err != nil {
		return []finding{found("modules", broken, err.Error(), "load res_ari_asterisk.so in modules.conf")}
	}
	running := map[string]bool{}
	for _, m := range loaded {
		running[strings.TrimSuffix(m.Name, ".so")] = m.Status == "Running"
	}
	var out []finding
	for _, need := range asteriskNeeds {
		missing := slices.DeleteFunc(slices.Clone(need.modules), func(m string) bool { return running[m] })
		if len(missing) == 0 {
			continue
		}
		out = append(out, found(need.check, broken, need.fails+": "+strings.Join(missing, ", ")+" not running", "load them in modules.conf, as docker/asterisk/etc/modules.conf does"))
	}
	if len(out) == 0 {
		out = append(out, found("modules", fine, "codecs, SIP, control, mixing, recording and fallback are loaded"))
	}
	return out
}

// apology looks for what callers hear who find Tandem away, and for the number that they are put through to.
func (r asteriskRest) apology(ctx context.Context) finding {
	const name = "apology"
	if err := r.do(ctx, http.MethodGet, "/sounds/"+url.PathEscape("tandem/apology"), nil, nil); err != nil {
		return found(name, broken, "the prompt tandem/apology: "+err.Error(), "copy docker/asterisk/sounds to sounds/en/tandem in Asterisk's data directory")
	}
	var backup struct{ Value string }
	if err := r.do(ctx, http.MethodGet, "/asterisk/variable", url.Values{"variable": {"TANDEM_BACKUP"}}, &backup); err != nil || backup.Value == "" {
		return found(name, fine, "is there; callers who find Tandem away hear it (no backup number in TANDEM_BACKUP of extensions.conf)")
	}
	return found(name, fine, "is there; callers who find Tandem away are put through to "+maskedNumber(backup.Value))
}

// maskedNumber shows where a backup leads without its number.
func maskedNumber(backup string) string {
	trunk, number, ok := strings.Cut(backup, "/")
	if !ok || len(number) <= 4 {
		return trunk
	}
	return trunk + "/…" + number[len(number)-4:]
}

// recording makes a recording of nothing, reads it back and deletes it: the directory, its rights and the way to it.
func (r asteriskRest) recording(ctx context.Context) finding {
	const name, mend = "recordings", "let Asterisk's user write to its spool directory (recording), and load res_stasis_recording.so and format_wav.so"
	id := "tandem-doctor-" + uuid.NewString()
	if err := r.do(ctx, http.MethodPost, "/bridges/"+id, url.Values{"type": {"mixing"}}, nil); err != nil {
		return found(name, broken, "make a bridge: "+err.Error(), mend)
	}
	defer func() { _ = r.do(context.WithoutCancel(ctx), http.MethodDelete, "/bridges/"+id, nil, nil) }()
	err := r.do(ctx, http.MethodPost, "/bridges/"+id+"/record", url.Values{"name": {id}, "format": {"wav"}, "maxDurationSeconds": {"5"}, "ifExists": {"fail"}}, nil)
	if err != nil {
		return found(name, broken, "begin a recording: "+err.Error(), mend)
	}
	err = r.do(ctx, http.MethodPost, "/recordings/live/"+id+"/stop", nil, nil)
	var stored struct{ Name string }
	for deadline := time.Now().Add(checkTime); err == nil; { // it is stored a moment after it has stopped
		if err = r.do(ctx, http.MethodGet, "/recordings/stored/"+id, nil, &stored); !errors.Is(err, errNotThere) || time.Now().After(deadline) {
			break
		}
		err = sleep(ctx, 20*time.Millisecond)
	}
	if err == nil {
		err = r.do(ctx, http.MethodGet, "/recordings/stored/"+id+"/file", nil, nil)
	}
	deleted := r.do(context.WithoutCancel(ctx), http.MethodDelete, "/recordings/stored/"+id, nil, nil)
	if err = cmp.Or(err, deleted); err != nil {
		return found(name, broken, "a test recording: "+err.Error(), mend)
	}
	return found(name, fine, "can be made, fetched and deleted")
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// phones looks which phones and trunks Asterisk knows, and gives their names.
func (r asteriskRest) phones(ctx context.Context) ([]string, []finding) {
	var endpoints []struct{ Resource, State string }
	// Without any, Asterisk says that there is no such technology; whether there is SIP, the check of the modules tells.
	if err := r.do(ctx, http.MethodGet, "/endpoints/PJSIP", nil, &endpoints); err != nil && !errors.Is(err, errNotThere) {
		return nil, []finding{found("phones", broken, err.Error(), "load res_ari_endpoints.so in modules.conf")}
	}
	var names []string
	online := 0
	for _, e := range endpoints {
		if strings.Contains(e.Resource, "@") { // what a phone finds in the clear that has to use TLS
			continue
		}
		names = append(names, e.Resource)
		if e.State == "online" {
			online++
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, []finding{found("phones", warning, "Asterisk knows no phone and no trunk yet", "set them up: in Tandem, where "+r.a.prefix+"_SITE is set, or else in pjsip.conf")}
	}
	return names, []finding{found("phones", fine, fmt.Sprintf("%d of %d phones and trunks can be reached", online, len(names)))}
}

// testCall has Asterisk call a phone here and play it what callers hear who find Tandem away.
func (r asteriskRest) testCall(ctx context.Context, endpoints []string) []finding {
	const name = "test call"
	if len(endpoints) == 0 {
		return []finding{found(name, skipped, "there is no endpoint to call by")}
	}
	base, err := url.Parse(r.base)
	if err != nil {
		return []finding{found(name, broken, r.a.prefix+"_URL: is not a URL", "set it like http://127.0.0.1:8088")}
	}
	phone, err := newTestPhone(ctx, cmp.Or(r.a.SIP, base.Hostname()))
	if err != nil {
		return []finding{found(name, broken, err.Error(), "set "+r.a.prefix+"_SIP to the IP address of the switch's SIP")}
	}
	defer phone.close(ctx)
	id := "tandem-doctor-" + uuid.NewString()
	err = r.do(ctx, http.MethodPost, "/channels/"+id, url.Values{
		"endpoint": {"PJSIP/" + endpoints[0] + "/" + phone.uri()}, "context": {"away"}, "extension": {"apology"}, "priority": {"1"}, "timeout": {"5"},
	}, nil)
	defer func() { _ = r.do(context.WithoutCancel(ctx), http.MethodDelete, "/channels/"+id, nil, nil) }()
	if err != nil {
		return []finding{found(name, broken, "Asterisk does not call: "+err.Error(), "look at pjsip.conf for the transport and the endpoint "+endpoints[0])}
	}
	return phone.listen(ctx, "let UDP from the ports of rtp.conf pass to this machine and back",
		"include docker/asterisk/etc/extensions.conf: its context [away] plays tandem/apology")
}

package esl

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FreeSWITCH looks phones and the dialplan up in what "reloadxml" has read, and addresses in what "reloadacl" has. A gateway is made of its settings once: one that has
// changed is taken away and made anew, which ends no call. What its gateways were made of, FreeSWITCH does not tell; so their marks are kept in one of its own
// variables, which is gone when FreeSWITCH is, as the gateways are.

// linesProfile is the SIP profile of phones and trunks: docker/freeswitch.
const linesProfile = "tandem"

// marksVariable holds name:mark of each gateway that was made of Tandem's settings, with commas between.
const marksVariable = "tandem_gateways"

var errLinesAway = errors.New("not connected to FreeSWITCH")

// LoadLines has FreeSWITCH read its phones and trunks anew. gateways gives for each trunk a mark that changes with its settings: letters and digits.
func (e *Engine) LoadLines(ctx context.Context, gateways map[string]string) error {
	p := e.connected()
	if p == nil {
		return errLinesAway
	}
	for _, verb := range []string{"reloadxml", "reloadacl"} {
		if _, err := p.aside.api(ctx, verb); err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
	}
	had, err := p.aside.api(ctx, "global_getvar", literal(marksVariable))
	if err != nil {
		return fmt.Errorf("ask for the gateways' marks: %w", err)
	}
	have, err := gatewayNames(ctx, p)
	if err != nil {
		return err
	}
	marks := readMarks(had)
	profile := wordArg(linesProfile)
	for _, name := range slices.Sorted(maps.Keys(marks)) {
		if gateways[name] == marks[name] || !have[name] {
			continue
		}
		if _, err := p.aside.api(ctx, "sofia", literal("profile"), profile, literal("killgw"), wordArg(name)); err != nil {
			return fmt.Errorf("take the gateway %s away: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gateways)) {
		if gateways[name] == marks[name] && have[name] {
			continue
		}
		if marks[name] == "" && have[name] {
			// FreeSWITCH has made it by itself, when it started, of what may have been other settings.
			if _, err := p.aside.api(ctx, "sofia", literal("profile"), profile, literal("killgw"), wordArg(name)); err != nil {
				return fmt.Errorf("take the gateway %s away: %w", name, err)
			}
		}
		said, err := p.aside.api(ctx, "sofia", literal("profile"), profile, literal("startgw"), wordArg(name))
		if err != nil {
			return fmt.Errorf("make the gateway %s: %w", name, err)
		}
		if strings.Contains(said, "-ERR") {
			return fmt.Errorf("make the gateway %s: %s", name, strings.TrimSpace(said))
		}
	}
	if _, err := p.aside.api(ctx, "global_setvar", marksArg(gateways)); err != nil {
		return fmt.Errorf("note the gateways' marks: %w", err)
	}
	return nil
}

// marksArg is an assignment of the marks.
func marksArg(gateways map[string]string) argument {
	parts := []argument{literal(marksVariable + "=")}
	for i, name := range slices.Sorted(maps.Keys(gateways)) {
		if i > 0 {
			parts = append(parts, literal(","))
		}
		parts = append(parts, wordArg(name), literal(":"), wordArg(gateways[name]))
	}
	return joined(parts...)
}

func readMarks(text string) map[string]string {
	out := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		if name, mark, ok := strings.Cut(pair, ":"); ok {
			out[name] = mark
		}
	}
	return out
}

// gatewayStatus is what "sofia xmlstatus gateway" says of one.
type gatewayStatus struct {
	Name    string `xml:"name"`
	Profile string `xml:"profile"`
	State   string `xml:"state"`  // NOREG, REGED, TRYING, FAIL_WAIT ...
	Status  string `xml:"status"` // UP, DOWN: whether it answers pings
}

func gatewaysOf(ctx context.Context, p *pair) ([]gatewayStatus, error) {
	text, err := p.aside.api(ctx, "sofia", literal("xmlstatus"), literal("gateway"))
	if err != nil {
		return nil, fmt.Errorf("list gateways: %w", err)
	}
	var all struct {
		Gateways []gatewayStatus `xml:"gateway"`
	}
	if err := decodeXML(text, &all); err != nil {
		return nil, fmt.Errorf("list gateways: %w", err)
	}
	return all.Gateways, nil
}

func gatewayNames(ctx context.Context, p *pair) (map[string]bool, error) {
	all, err := gatewaysOf(ctx, p)
	out := map[string]bool{}
	for _, g := range all {
		out[g.Name] = true
	}
	return out, err
}

// decodeXML reads what FreeSWITCH says, which calls itself ISO-8859-1 and is UTF-8.
func decodeXML(text string, v any) error {
	if at := strings.Index(text, "?>"); at >= 0 && strings.HasPrefix(strings.TrimSpace(text), "<?") {
		text = text[at+2:]
	}
	return xml.Unmarshal([]byte(text), v)
}

// Reachable tells of every trunk whether FreeSWITCH could call it now, and of every phone that has registered that it could.
func (e *Engine) Reachable(ctx context.Context) (map[string]bool, error) {
	p := e.connected()
	if p == nil {
		return nil, errLinesAway
	}
	gateways, err := gatewaysOf(ctx, p)
	if err != nil {
		return nil, err
	}
	text, err := p.aside.api(ctx, "sofia", literal("xmlstatus"), literal("profile"), wordArg(linesProfile), literal("reg"))
	if err != nil {
		return nil, fmt.Errorf("list registrations: %w", err)
	}
	var all struct {
		Registrations []struct {
			User string `xml:"user"`
		} `xml:"registrations>registration"`
	}
	if err := decodeXML(text, &all); err != nil {
		return nil, fmt.Errorf("list registrations: %w", err)
	}
	out := map[string]bool{}
	for _, r := range all.Registrations {
		name, _, _ := strings.Cut(r.User, "@")
		out[name] = true
	}
	for _, g := range gateways {
		out[g.Name] = g.Status == "UP" && (g.State == "NOREG" || g.State == "REGED")
	}
	return out, nil
}

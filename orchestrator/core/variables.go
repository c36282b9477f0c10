package core

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Variables are what is known about a call beside who calls: call-associated data (C18). An entry point defines them; callers, jobs and agents fill them in.

// VariableType is what a variable's value must look like. Values are text; the empty text is no value, whatever the type.
type VariableType string

// The types of variables.
const (
	StringVariable   VariableType = "string"    // any text
	IntegerVariable  VariableType = "integer"   // an optional sign and digits, within 64 bits
	DecimalVariable  VariableType = "decimal"   // an optional sign, digits, and a point with more digits
	BooleanVariable  VariableType = "boolean"   // true or false
	DateTimeVariable VariableType = "date_time" // ISO 8601 with zone, as 2026-03-02T09:00:00Z (RFC 3339)
)

// VariableTypes lists all types in the order of the documentation.
func VariableTypes() []VariableType {
	return []VariableType{StringVariable, IntegerVariable, DecimalVariable, BooleanVariable, DateTimeVariable}
}

// Limits of variables (C18, C2).
const (
	MaxVariableValue = 256 // characters of a value
	MaxVariables     = 100 // of an entry point
	MaxPopUp         = 6   // shown in the request of an inbound call, beside who calls
)

// VariableSetup defines a variable of an entry point's calls.
type VariableSetup struct {
	Name     string       `json:"name"`               // 1 to 64 letters, digits, _ and -; unique within the entry point, whatever the case
	Label    string       `json:"label,omitempty"`    // for people; "" = the name
	Type     VariableType `json:"type"`               //
	Editable bool         `json:"editable,omitempty"` // agents may change it
	Secure   bool         `json:"secure,omitempty"`   // masked until revealed, which is audited; never in a request
	Global   bool         `json:"global,omitempty"`   // goes along when the call is transferred to an entry point that has it too (C10)
	PopUp    bool         `json:"pop_up,omitempty"`   // shown in the request that rings at an agent, up to MaxPopUp in this order (C2)
}

// variable is one value. One that nobody has given a value is not kept.
type variable struct {
	Name    string       `json:"name"`
	Type    VariableType `json:"type"` // as it was defined when it was written: what C10 compares
	Value   string       `json:"value"`
	Version int          `json:"version"` // times that it was written: what a second writer must have seen
	By      string       `json:"by"`      // who wrote it
	At      instant      `json:"at"`
}

// VariableChange is a value to write. Version is that of the value which the writer has seen, 0 for none: where it has been written meanwhile the change is
// refused with RefusedStale, so that no one overwrites what they have not read.
type VariableChange struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Version int    `json:"version"`
}

// SetVariables writes variables of a call, all or none (C18). Agent is who does so, and must be in the call; "" = the system (a job, the API with a machine's
// token), which may write what agents may not.
type SetVariables struct {
	Command
	Call   CallID           `json:"call"`
	Agent  AgentID          `json:"agent,omitempty"`
	Values []VariableChange `json:"values"`
}

// Kind implements [Event].
func (SetVariables) Kind() string { return "call.set_variables" }

func (in SetVariables) refuse(s *Shard) *Refusal {
	c := s.st.Calls[in.Call]
	if c == nil || c.Parent != "" {
		return refusal(RefusedUnknown, "call", "there is no call "+strconv.Quote(string(in.Call)))
	}
	if in.Agent != "" && !c.talksWith(in.Agent) {
		return refusal(RefusedOwner, "agent", "the agent is not in the call")
	}
	if len(in.Values) < 1 || len(in.Values) > MaxVariables {
		return refusal(RefusedInvalid, "values", "1 to "+strconv.Itoa(MaxVariables)+" variables are written at once")
	}
	for i, v := range in.Values {
		field := "values[" + strconv.Itoa(i) + "]"
		if slices.ContainsFunc(in.Values[:i], func(o VariableChange) bool { return o.Name == v.Name }) {
			return refusal(RefusedInvalid, field+".name", "a variable is written once at a time")
		}
		set, ok := s.definition(c, v.Name)
		switch {
		case !ok:
			return refusal(RefusedUnknown, field+".name", "the call has no variable "+strconv.Quote(v.Name))
		case in.Agent != "" && !set.Editable:
			return refusal(RefusedInvalid, field+".name", v.Name+" can be read only")
		}
		if r := checkValue(set.Type, v.Value); r != "" {
			return refusal(RefusedInvalid, field+".value", v.Name+" "+r)
		}
		if now := c.variable(v.Name); now.Version != v.Version {
			return refusal(RefusedStale, field+".version", v.Name+" was changed by "+now.By+" meanwhile")
		}
	}
	return nil
}

func (in SetVariables) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	var names []string
	for _, v := range in.Values {
		set, _ := s.definition(c, v.Name)
		was := c.variable(v.Name)
		was.Name, was.Type, was.Value, was.By, was.At = v.Name, set.Type, v.Value, in.Actor, s.now
		was.Version++
		x := c.extra()
		i := slices.IndexFunc(x.Variables, func(x variable) bool { return x.Name == v.Name })
		if i < 0 {
			i = len(x.Variables)
			x.Variables = append(x.Variables, variable{})
		}
		x.Variables[i] = was
		names = append(names, v.Name)
	}
	s.touch(c)
	// Names only: values are the caller's data, and some of them are secret.
	s.tellCall(c, Entry{Kind: EntryVariables, Agent: in.Agent, Actor: in.Actor, Reason: strings.Join(names, ",")})
}

// definition is how a call's variable is set up now.
func (s *Shard) definition(c *call, name string) (VariableSetup, bool) {
	e := s.entryPointOf(c, c.EntryPoint)
	if e == nil {
		return VariableSetup{}, false
	}
	for _, v := range e.Variables {
		if v.Name == name {
			return v, true
		}
	}
	return VariableSetup{}, false
}

// variable is the call's value of that name; the zero value if it has none.
func (c *call) variable(name string) variable {
	if c.More == nil {
		return variable{}
	}
	for _, v := range c.More.Variables {
		if v.Name == name {
			return v
		}
	}
	return variable{}
}

// carryVariables keeps, of a call that goes to another entry point, the global variables that both define with the same name and type; the others go no further (C10).
func (s *Shard) carryVariables(c *call, from, to *EntryPoint) {
	global := func(e *EntryPoint, v variable) bool {
		return e != nil && slices.ContainsFunc(e.Variables, func(d VariableSetup) bool { return d.Global && d.Name == v.Name && d.Type == v.Type })
	}
	if c.More == nil {
		return
	}
	c.More.Variables = slices.DeleteFunc(c.More.Variables, func(v variable) bool { return !global(from, v) || !global(to, v) })
}

// checkValue says what is wrong with a value, as the end of a sentence; "" = nothing.
func checkValue(t VariableType, value string) string {
	if !utf8.ValidString(value) || utf8.RuneCountInString(value) > MaxVariableValue {
		return "has at most " + strconv.Itoa(MaxVariableValue) + " characters"
	}
	if value == "" {
		return ""
	}
	switch t {
	case StringVariable:
	case IntegerVariable:
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return "must be an integer"
		}
	case DecimalVariable:
		if !isDecimal(value) {
			return "must be a decimal number, as -12.5"
		}
	case BooleanVariable:
		if value != "true" && value != "false" {
			return "must be true or false"
		}
	case DateTimeVariable:
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
			return "must be a date and time in ISO 8601 with its zone, as 2026-03-02T09:00:00Z"
		}
	}
	return ""
}

// isDecimal reports whether text is an optional sign, digits, and perhaps a point with more digits.
func isDecimal(text string) bool {
	whole, fraction, point := strings.Cut(strings.TrimLeft(text[:1], "+-")+text[1:], ".")
	digits := func(t string) bool { return t != "" && strings.Trim(t, "0123456789") == "" }
	return digits(whole) && (!point || digits(fraction))
}

// secureMask is shown in place of a secure value. Its length says nothing.
const secureMask = "********"

// VariableView is a variable of a call as readers see it.
type VariableView struct {
	Name     string       `json:"name"`
	Label    string       `json:"label"`
	Type     VariableType `json:"type"`
	Value    string       `json:"value"` // of a secure one asterisks, if it has a value
	Version  int          `json:"version"`
	Editable bool         `json:"editable"`
	Secure   bool         `json:"secure"`
	PopUp    bool         `json:"pop_up"`
}

// variables are a call's variables as readers see them, in the order of the set-up.
func (s *Shard) variables(c *call) []VariableView {
	e := s.entryPointOf(c, c.EntryPoint)
	if e == nil || len(e.Variables) == 0 {
		return nil
	}
	out := make([]VariableView, 0, len(e.Variables))
	shown := 0
	for _, d := range e.Variables {
		v := c.variable(d.Name)
		x := VariableView{Name: d.Name, Label: d.Label, Type: d.Type, Value: v.Value, Version: v.Version, Editable: d.Editable, Secure: d.Secure}
		if x.Label == "" {
			x.Label = d.Name
		}
		if d.Secure && v.Value != "" {
			x.Value = secureMask
		}
		if d.PopUp && !d.Secure && shown < MaxPopUp {
			x.PopUp = true
			shown++
		}
		out = append(out, x)
	}
	return out
}

// Reveal is the value of a call's variable, secure or not; false if the call has none of that name. Who asks, and whether they may, is for the caller to decide and
// to put on record.
func (s *Shard) Reveal(id CallID, name string) (string, bool) {
	c := s.st.Calls[id]
	if c == nil {
		return "", false
	}
	if _, ok := s.definition(c, name); !ok {
		return "", false
	}
	return c.variable(name).Value, true
}

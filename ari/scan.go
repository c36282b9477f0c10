package ari

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// scanEvent reads what every call's events are read for, in one pass over the frame. It takes no part of a frame on trust that it understands, and understands less
// than encoding/json: false says that a frame is odd in some way, and has to be read by that. A fuzz test holds the two together.
//
// Its reason is arithmetic: an event is a kilobyte of which a tenth is wanted, a call makes fourteen of them, and each stands between a phone and
// what is to happen to its call. encoding/json takes more than four times as long (BenchmarkReadEvent).
func scanEvent(frame []byte) (ev event, ok bool) {
	s := scanner{text: frame}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			s.string(&ev.kind)
		case "channel":
			s.channel(&ev.channel)
		case "bridge":
			s.object(func(key []byte) {
				if string(key) == "id" {
					s.string(&ev.bridge)
				} else {
					s.skip(0)
				}
			})
		case "cause":
			s.int(&ev.cause)
		case "tech_cause":
			s.int(&ev.techCause)
		case "soft":
			s.bool(&ev.soft)
		default:
			s.skip(0)
		}
	})
	s.space()
	return ev, !s.odd && s.at == len(frame)
}

// scanner goes through a JSON text from left to right. After something odd it stands still.
type scanner struct {
	text []byte
	at   int
	odd  bool
}

func (s *scanner) channel(c *channel) {
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			s.string(&c.ID)
		case "name":
			s.string(&c.Name)
		case "state":
			s.string(&c.State)
		case "caller":
			s.object(func(key []byte) {
				switch string(key) {
				case "name":
					s.string(&c.Caller.Name)
				case "number":
					s.string(&c.Caller.Number)
				default:
					s.skip(0)
				}
			})
		case "dialplan":
			s.object(func(key []byte) {
				switch string(key) {
				case "exten":
					s.string(&c.Dialplan.Exten)
				case "app_name":
					s.string(&c.Dialplan.AppName)
				case "app_data":
					s.string(&c.Dialplan.AppData)
				default:
					s.skip(0)
				}
			})
		case "channelvars":
			if c.Vars == nil {
				c.Vars = map[string]string{}
			}
			s.members(func(key []byte) {
				var value string
				s.odd = s.odd || !utf8.Valid(key)
				s.string(&value)
				c.Vars[string(key)] = value
			})
		default:
			s.skip(0)
		}
	})
}

// space skips white space and gives the byte behind it, 0 at the end.
func (s *scanner) space() byte {
	for ; s.at < len(s.text); s.at++ {
		switch b := s.text[s.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// take skips white space and one byte, which must be as expected.
func (s *scanner) take(b byte) {
	if s.odd || s.space() != b {
		s.odd = true
		return
	}
	s.at++
}

// object reads an object whose members have names as ARI gives them. encoding/json would also take a name in other letters for a field's.
func (s *scanner) object(member func(key []byte)) {
	s.members(func(key []byte) {
		for _, b := range key {
			if (b < 'a' || b > 'z') && b != '_' && (b < '0' || b > '9') {
				s.odd = true
			}
		}
		member(key)
	})
}

// members reads an object; member reads each value.
func (s *scanner) members(member func(key []byte)) {
	if s.take('{'); s.space() == '}' {
		s.at++
		return
	}
	for !s.odd {
		s.space()
		key, escaped := s.quoted()
		if escaped {
			s.odd = true
		}
		if s.take(':'); s.odd {
			return
		}
		member(key)
		if s.odd {
			return
		}
		if s.space() == '}' {
			s.at++
			return
		}
		s.take(',')
	}
}

// quoted reads a string and gives what stands between its quotes.
func (s *scanner) quoted() (inside []byte, escaped bool) {
	s.take('"')
	for from := s.at; !s.odd && s.at < len(s.text); s.at++ {
		switch b := s.text[s.at]; {
		case b == '"':
			inside = s.text[from:s.at]
			s.at++
			return inside, escaped
		case b == '\\':
			escaped = true
			s.at++
		case b < ' ':
			s.odd = true
		}
	}
	s.odd = true
	return nil, false
}

// string reads a string.
func (s *scanner) string(into *string) {
	s.space()
	from := s.at
	inside, escaped := s.quoted()
	switch {
	case s.odd:
	case !utf8.Valid(inside):
		s.odd = true
	case escaped:
		s.odd = json.Unmarshal(s.text[from:s.at], into) != nil
	default:
		*into = string(inside)
	}
}

// int reads a whole number.
func (s *scanner) int(into *int) {
	s.space()
	w := s.word()
	n, err := strconv.Atoi(string(w))
	if err != nil || !json.Valid(w) { // "007" and "+7" are none
		s.odd = true
		return
	}
	*into = n
}

// bool reads true or false.
func (s *scanner) bool(into *bool) {
	s.space()
	switch string(s.word()) {
	case "true":
		*into = true
	case "false":
		*into = false
	default:
		s.odd = true
	}
}

// word reads a number or a name.
func (s *scanner) word() []byte {
	from := s.at
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return s.text[from:s.at]
		}
	}
	return s.text[from:]
}

// deepest is how far values may be nested in what is skipped.
const deepest = 16

// skip passes over a value.
func (s *scanner) skip(depth int) {
	if depth > deepest {
		s.odd = true
	}
	if s.odd {
		return
	}
	switch s.space() {
	case '"':
		inside, escaped := s.quoted()
		if escaped && !json.Valid(append(append([]byte{'"'}, inside...), '"')) {
			s.odd = true
		}
	case '{':
		s.members(func([]byte) { s.skip(depth + 1) })
	case '[':
		if s.at++; s.space() == ']' {
			s.at++
			return
		}
		for s.skip(depth + 1); !s.odd; s.skip(depth + 1) {
			if s.space() == ']' {
				s.at++
				return
			}
			s.take(',')
		}
	default:
		if w := s.word(); len(w) == 0 || !json.Valid(w) {
			s.odd = true
		}
	}
}

package models

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NumberProblem says why a caller's number is of no use as the key of a contact.
type NumberProblem string

// The problems of numbers. NumberOK is none.
const (
	NumberOK       NumberProblem = ""
	NumberWithheld NumberProblem = "withheld" // the caller, or a network, does not tell it
	NumberInvalid  NumberProblem = "invalid"  // no public telephone number: an extension, a SIP name, nonsense
)

// NormalNumber brings a telephone number into the one form in which it is stored and compared: E.164, as "+493012345678". A number without a country code is
// read as one of region (ISO 3166, two letters); with region "" it is invalid.
func NormalNumber(number, region string) (string, NumberProblem) {
	number = strings.TrimSpace(number)
	switch strings.ToLower(number) {
	case "", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "asserted":
		return "", NumberWithheld
	}
	if len(number) > 64 { // the parser's own limit is 250: nothing sensible is so long
		return "", NumberInvalid
	}
	if region == "" {
		region = "ZZ" // the library's word for "no default"
	}
	n, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", NumberInvalid
	}
	return phonenumbers.Format(n, phonenumbers.E164), NumberOK
}

func knownRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
)

// A phone from before there was SIP over TLS may be called as it is: it works, and so do the others.
func TestAPhoneCalledTLSTakesNobodyDown(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	p, err := asteriskDriver{}.plan([]models.KeyedPhone{
		{Phone: models.Phone{ID: "a", Tenant: "acme", User: "2001"}, HA1: key}, {Phone: models.Phone{ID: "b", Tenant: "acme", User: "tls"}, HA1: key},
	}, nil, nil)
	require.NoError(t, err)
	require.Contains(t, string(p.Files["pjsip.conf"]), "[2001](phone)")
	require.Contains(t, string(p.Files["pjsip.conf"]), "[tls](phone)")
	require.NoError(t, models.ValidPhone(models.Phone{ID: "b", Tenant: "acme", Name: "B", User: "tls"}))
}

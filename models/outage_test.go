package models_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
)

// Whoever goes away while a connection is being made has broken it off; the database is not away.
func TestWhatWasBrokenOffIsNoOutage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pgconn.Connect(ctx, "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	require.Error(t, err)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, models.Outage(err))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"
)

const healthHelp = `
It asks the "tandem serve" with the same settings, at TANDEM_LISTEN. The exit status is 0 if that is ready: it owns the
shard, the database answers, and a switch is connected. It is the container's health check.
`

// healthCommand asks the process next door whether it is ready.
func healthCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if err := parse(newFlags("health", "", healthHelp, stderr), args); err != nil {
		return err
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+askedAt(s.Listen)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask whether Tandem is ready: %w", err)
	}
	client := http.Client{Timeout: checkTime, Transport: &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: checkTime - time.Second}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask whether Tandem is ready: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("ask whether Tandem is ready: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "%s\n", text); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	return nil
}

// askedAt is where this machine reaches who listens there: somebody who listens everywhere is asked over the loopback interface.
func askedAt(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// What the doctor looks at on this machine: who else can read secrets and data, and whether the addresses are free.

// checkFiles looks at the permissions of what holds secrets or data.
func checkFiles(s settings) []finding {
	const name = "permissions"
	var out []finding
	for _, v := range allVariables() {
		if path, ok := s.lookup(v); ok && path != "" && path != s.SecretKey && strings.HasSuffix(v, "_FILE") { // each names a file with a secret in it
			out = append(out, ownersOnlyFinding(v+" "+path, path)...)
		}
	}
	out = append(out, ownersOnlyFinding("TANDEM_ADMIN_TOKEN "+s.AdminToken, s.AdminToken)...)
	out = append(out, ownersOnlyFinding("the password "+s.adminPasswordFile(), s.adminPasswordFile())...)
	out = append(out, ownersOnlyFinding("TANDEM_SECRET_KEY_FILE "+s.SecretKey, s.SecretKey)...)
	out = append(out, writableDirectory("TANDEM_ADMIN_TOKEN", filepath.Dir(s.AdminToken))...)
	if path, ok := strings.CutPrefix(s.DB, "sqlite:"); ok {
		path, _, _ = strings.Cut(path, "?")
		out = append(out, ownersOnlyFinding("the database "+path, path)...)
		out = append(out, writableDirectory("TANDEM_DB", filepath.Dir(path))...) // for its -wal and -shm
	}
	if len(out) == 0 {
		out = append(out, found(name, fine, "only their owner can read secrets and data here"))
	}
	return out
}

// ownersOnlyFinding says if others than a file's owner can read it. Docker's secrets are mounted readable for all in a container, where there are no others.
func ownersOnlyFinding(what, path string) []finding {
	info, err := os.Stat(path)
	if err != nil || strings.HasPrefix(path, "/run/secrets/") {
		return nil // what must be there is missed elsewhere
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return []finding{found("permissions", warning, fmt.Sprintf("%s can be read by everybody on this machine (%04o)", what, mode), "chmod 600 "+path)}
	}
	return nil
}

// writableDirectory says if files cannot be made in a directory. One that is not there yet will be made.
func writableDirectory(variable, dir string) []finding {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	name := filepath.Join(dir, ".tandem-doctor-"+uuid.NewString())
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(name))
	}
	if err != nil {
		return []finding{found("permissions", broken, fmt.Sprintf("%s: the directory %s cannot be written: %v", variable, dir, err), "let the user that Tandem runs as write to "+dir)}
	}
	return nil
}

// checkPorts looks whether the addresses that tandem serve listens at are free, or held by a Tandem that works.
func checkPorts(ctx context.Context, s settings) []finding {
	out := []finding{checkPort(ctx, "port TANDEM_LISTEN", s.Listen, "/healthz")}
	if s.MetricsListen != "" {
		out = append(out, checkPort(ctx, "port TANDEM_METRICS_LISTEN", s.MetricsListen, "/metrics"))
	}
	return out
}

func checkPort(ctx context.Context, name, addr, path string) finding {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err == nil {
		if err = l.Close(); err == nil {
			return found(name, fine, addr+" is free")
		}
	}
	if ours(ctx, addr, path) {
		return found(name, fine, "a Tandem answers at "+addr)
	}
	return found(name, broken, err.Error(), "end the program that listens at "+addr+", or set another address")
}

// ours tells whether a Tandem answers at an address.
func ours(ctx context.Context, addr, path string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return false
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return err == nil && res.StatusCode == http.StatusOK &&
		slices.ContainsFunc([]string{`{"status":"ok"}`, "tandem_build_info"}, func(sign string) bool { return strings.Contains(string(body), sign) })
}

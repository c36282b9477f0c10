package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDoctorLooksForRoom: directories on one disk share what is free there, and the most demanding of them counts.
func TestDoctorLooksForRoom(t *testing.T) {
	s, err := readSettings(environ(t, map[string]string{
		"TANDEM_DB": "sqlite:/data/tandem.db?x=y", "TANDEM_BUCKET": "file:///data/recordings", "TANDEM_ARI_URL": "http://127.0.0.1:1", "TANDEM_ARI_PASSWORD": "none", "TANDEM_ARI_SITE": "/srv/etc/tandem",
		"TANDEM_ESL_ADDR": "127.0.0.1:1", "TANDEM_ESL_PASSWORD": "none", "TANDEM_ESL_RECORDINGS": "/full", "TANDEM_ESL_SITE": "/hidden",
	}))
	require.NoError(t, err)
	t.Setenv("TMPDIR", "/scratch")
	disks := map[string]disk{
		"/scratch": {1, 0.6e9, 1e9}, "/data": {2, 2e9, 1e12}, "/data/recordings": {2, 2e9, 1e12}, "/srv/etc/tandem": {3, 5e9, 1e11}, "/full": {4, 1e6, 1e12},
	}
	seen := map[string]finding{}
	for _, f := range checkDisks(s.places(), func(dir string) (disk, error) {
		d, ok := disks[dir]
		if !ok {
			return d, syscall.EACCES
		}
		return d, nil
	}) {
		require.Equal(t, f.Health == fine, f.Mend == "", f.Check)
		seen[f.Check] = f
	}
	require.Len(t, seen, 5)
	require.Equal(t, found("disk /scratch", fine, "0.6 of 1.0 GB are free for temporary files (TMPDIR)"), seen["disk /scratch"])
	require.Equal(t, warning, seen["disk /data"].Health, "the database would have enough, the recordings have not")
	require.Equal(t, "2.0 of 1000.0 GB are free for TANDEM_DB, TANDEM_BUCKET", seen["disk /data"].Text)
	require.Equal(t, fine, seen["disk /srv/etc/tandem"].Health)
	require.Equal(t, broken, seen["disk /full"].Health)
	require.Contains(t, seen["disk /hidden"].Text, "TANDEM_ESL_SITE")

	dir := t.TempDir()
	here, err := diskOf(dir)
	require.NoError(t, err)
	require.Positive(t, here.size)
	later, err := diskOf(filepath.Join(dir, "not", "made", "yet"))
	require.NoError(t, err)
	require.Equal(t, here.device, later.device)
	none, err := diskOf("/proc/self")
	require.NoError(t, err)
	require.Empty(t, checkDisks([]place{{"TANDEM_BUCKET", "/proc", hourOfRecordings}}, func(string) (disk, error) { return none, nil }), "which has no size")
}

func TestDoctorAsksWhetherTheClockIsKeptRight(t *testing.T) {
	told := func(state int, status int32, err error) health {
		return checkNTP(func(x *syscall.Timex) (int, error) { x.Status = status; return state, err }).Health
	}
	require.Equal(t, fine, told(0, 0x2001, nil))
	require.Equal(t, warning, told(timeError, 0, nil))
	require.Equal(t, warning, told(0, unsynchronised, nil))
	require.Equal(t, skipped, told(-1, 0, errors.New("operation not permitted")))
	require.NotEmpty(t, checkNTP(syscall.Adjtimex).Text)
}

// The passwords of switches are named by TANDEM_SETTINGS more often than by the environment, and those of further switches have a number.
func TestDoctorLooksWhoReadsThePasswordsOfSwitches(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "ari-password"), filepath.Join(dir, "esl-2-password")
	for name, text := range map[string]string{
		first: "x", second: "x", filepath.Join(dir, "asterisk.env"): "TANDEM_ARI_URL=http://127.0.0.1:1\nTANDEM_ARI_PASSWORD_FILE=" + first + "\n",
		filepath.Join(dir, "freeswitch.env"): "TANDEM_ESL_2_ADDR=127.0.0.1:1\nTANDEM_ESL_2_PASSWORD_FILE=" + second + "\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	look := func(mode os.FileMode) []finding {
		require.NoError(t, os.Chmod(first, mode))
		require.NoError(t, os.Chmod(second, mode))
		s, err := readSettings(environ(t, map[string]string{"TANDEM_SETTINGS": dir}))
		require.NoError(t, err)
		return checkFiles(s)
	}
	require.Equal(t, []finding{found("permissions", fine, "only their owner can read secrets and data here")}, look(0o640))
	seen := look(0o644)
	require.Len(t, seen, 2)
	require.Contains(t, seen[0].Text, "TANDEM_ARI_PASSWORD_FILE "+first)
	require.Contains(t, seen[1].Text, "TANDEM_ESL_2_PASSWORD_FILE "+second)
}

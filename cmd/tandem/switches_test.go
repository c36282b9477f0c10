package main

import (
	"log/slog"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// asterisks sets up two of a kind.
func asterisks(more map[string]string) map[string]string {
	vars := map[string]string{
		"TANDEM_ARI_URL": "http://127.0.0.1:8088", "TANDEM_ARI_PASSWORD": "one", "TANDEM_ARI_2_URL": "http://127.0.0.1:8089", "TANDEM_ARI_2_PASSWORD": "two",
	}
	maps.Copy(vars, more)
	return vars
}

func TestEverySwitchOfTheSettingsGetsAnEngine(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		want []core.EngineID
	}{
		"none":             {nil, nil},
		"empty is not set": {map[string]string{"TANDEM_ARI_URL": "", "TANDEM_ARI_PASSWORD": ""}, nil},
		"two of a kind":    {asterisks(nil), []core.EngineID{"asterisk", "asterisk-2"}},
		"with names":       {asterisks(map[string]string{"TANDEM_ARI_ID": "berlin", "TANDEM_ARI_2_ID": "paris"}), []core.EngineID{"berlin", "paris"}},
		"of both kinds": {map[string]string{
			"TANDEM_ESL_ADDR": "127.0.0.1:8021", "TANDEM_ESL_PASSWORD": "x", "TANDEM_ARI_URL": "http://127.0.0.1:8088", "TANDEM_ARI_PASSWORD": "x",
		}, []core.EngineID{"asterisk", "freeswitch"}},
		"only a later one": {map[string]string{"TANDEM_ARI_17_URL": "http://127.0.0.1:8088", "TANDEM_ARI_17_PASSWORD": "x"}, []core.EngineID{"asterisk-17"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readSettings(environ(t, c.vars))
			require.NoError(t, err)
			drivers, err := s.drivers(slog.New(slog.DiscardHandler), newMetrics("main").lost)
			require.NoError(t, err)
			var got []core.EngineID
			for _, d := range drivers {
				got = append(got, d.ID())
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestSettingsOfSwitchesNameWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		want string
	}{
		"the same name twice":         {asterisks(map[string]string{"TANDEM_ARI_2_ID": "asterisk"}), `TANDEM_ARI_2_ID: must not be "asterisk", which is the name of the switch that TANDEM_ARI_URL sets up`},
		"no name":                     {asterisks(map[string]string{"TANDEM_ARI_ID": "a b"}), "TANDEM_ARI_ID: must be 1 to 64"},
		"no password":                 {map[string]string{"TANDEM_ARI_2_URL": "http://127.0.0.1:8088"}, "TANDEM_ARI_2_PASSWORD: must be set"},
		"a password and no address":   {map[string]string{"TANDEM_ARI_PASSWORD": "hunter2"}, "TANDEM_ARI_URL: must be set where TANDEM_ARI_PASSWORD is"},
		"a password file, no address": {map[string]string{"TANDEM_ARI_3_PASSWORD_FILE": "/nowhere"}, "TANDEM_ARI_3_URL: must be set where TANDEM_ARI_3_PASSWORD_FILE is"},
		"one name for two kinds": {asterisks(map[string]string{"TANDEM_ESL_ADDR": "127.0.0.1:8021", "TANDEM_ESL_PASSWORD": "x", "TANDEM_ESL_ID": "asterisk-2"}),
			`TANDEM_ESL_ID: must not be "asterisk-2", which is the name of the switch that TANDEM_ARI_2_URL sets up`},
		"no port":                 {map[string]string{"TANDEM_ESL_ADDR": "127.0.0.1", "TANDEM_ESL_PASSWORD": "x"}, "TANDEM_ESL_ADDR: must be an address and a port"},
		"a password of two lines": {map[string]string{"TANDEM_ESL_ADDR": "127.0.0.1:8021", "TANDEM_ESL_PASSWORD": "hunter2\napi status"}, "TANDEM_ESL_PASSWORD: must be one line"},
		"no user":                 {map[string]string{"TANDEM_ESL_ADDR": "127.0.0.1:8021", "TANDEM_ESL_PASSWORD": "x", "TANDEM_ESL_USER": "a:b"}, "TANDEM_ESL_USER: must be NAME@DOMAIN"},
		"recordings somewhere":    {map[string]string{"TANDEM_ESL_ADDR": "127.0.0.1:8021", "TANDEM_ESL_PASSWORD": "x", "TANDEM_ESL_RECORDINGS": "var"}, "TANDEM_ESL_RECORDINGS: must be an absolute path"},
		"no URL":                  {asterisks(map[string]string{"TANDEM_ARI_2_URL": "127.0.0.1"}), "TANDEM_ARI_2_URL: must be a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(environ(t, c.vars))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestMisspeltVariablesOfSwitches(t *testing.T) {
	wrong := []string{"TANDEM_ARI_1_URL", "TANDEM_ARI_02_URL", "TANDEM_ARI_100_URL", "TANDEM_ARI_2_UR", "TANDEM_DB_2", "TANDEM_2_URL", "TANDEM_ARI_ID_FILE"}
	right := []string{"TANDEM_ARI_URL", "TANDEM_ARI_ID", "TANDEM_ARI_2_URL", "TANDEM_ARI_99_PASSWORD_FILE"}
	var environ []string
	for _, name := range append(right, wrong...) {
		environ = append(environ, name+"=x")
	}
	require.Equal(t, wrong, misspelt(environ))
}

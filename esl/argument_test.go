package esl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile is text as a caller may send it as his name, his number, or a header.
var hostile = []string{
	"${system(touch /tmp/tandem-injected)}", "$${domain}", "$\\{system(id)}", "\\${system(id)}", "${${system(id)}}", "`id`", "$(id)", "#{x}",
	"a\nb", "a\r\n\r\napi shutdown now", "a\x00b", "\n\napi fsctl crash", "a\u2028b", "\xff\xfe\xc3(", "a\u202eb",
	"O'Neil", "''", "'", `"Bob" <sip:evil@example.org>`, `\`, `\\`, `\'`, `'\`, "a,b;c|d", "x}y{z", "}loopback/1 &system(id)", "]x[", "a=b", "^^:x", "&park()",
	"reload mod_event_socket", "unload MOD_Event_Socket", ":_:loopback/1", "origination_nested_vars=true", "_undef_", "undef", "ARRAY::a|:b", "%0a%0aapi",
	" lead and trail ", "", strings.Repeat("ä", 500), "Zoë 中文 🎧",
}

// whole is the message of a command, which must be one line (and a job id's).
func whole(t *testing.T, c command) string {
	t.Helper()
	text, err := c.message()
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(text, "\n\n"))
	return strings.TrimSuffix(text, "\n\n")
}

func TestArgumentsLetNothingThrough(t *testing.T) {
	constructors := map[string]func(string) argument{
		"id": idArg[string], "word": wordArg, "number": numberArg, "digits": digitsArg, "cause": causeArg, "file": fileArg,
	}
	for _, s := range hostile {
		for name, construct := range constructors {
			a := construct(s)
			if a.err == nil {
				assert.False(t, strings.ContainsAny(a.text, "\r\n\x00${}'\"\\,;|^&<> "), "%s accepts %q", name, s)
				assert.Equal(t, s, a.text)
				continue
			}
			_, err := apiCommand("uuid_kill", literal("x"), a).message()
			require.Error(t, err, "%s", name)
			if len(s) > 3 {
				assert.NotContains(t, err.Error(), s, "an error does not repeat what a caller has sent")
			}
			_, err = executeCommand(a, "playback", literal("x")).message()
			require.Error(t, err)
			_, err = executeCommand(literal("x"), "playback", a).message()
			require.Error(t, err)
			_, err = backgroundCommand("tandem-1", "originate", a).message()
			require.Error(t, err)
			require.Error(t, settings(set("a", a)).err)
			require.Error(t, joined(literal("x"), a).err)
		}
	}
	assert.Error(t, literal("a\nb").err)
	assert.Error(t, literal("${x}").err)
	assert.Error(t, joined(literal("$"), literal("{x}")).err, "harmless pieces that are harmful together")
	assert.Error(t, dialArg("user/<phone>", "<phone>", "1001,user/1002").err)
	assert.Error(t, dialArg("user/${x}/<phone>", "<phone>", "1001").err)
	assert.Error(t, fileArg("relative.wav").err)
	assert.Error(t, fileArg("/var/../etc/passwd").err)
	assert.Error(t, fileArg("/var//x").err)
	assert.Error(t, fileArg("/var/.hidden").err)
	assert.Error(t, idArg("").err)
}

func TestArgumentsLetTheOrdinaryThrough(t *testing.T) {
	for want, a := range map[string]argument{
		"11111111-1111-4111-8111-111111111111": idArg("11111111-1111-4111-8111-111111111111"),
		"sofia/gateway/carrier/+4930123*#":     joined(literal("sofia/gateway/"), wordArg("carrier"), literal("/"), numberArg("+4930123*#")),
		"user/1001@pbx.example.org":            joined(literal("user/"), wordArg("1001"), literal("@"), wordArg("pbx.example.org")),
		"/var/lib/tandem/rec/a-b_c.wav":        fileArg("/var/lib/tandem/rec/a-b_c.wav"),
		"12#A":                                 digitsArg("12#A"),
		"NORMAL_CLEARING":                      causeArg("NORMAL_CLEARING"),
		"-7":                                   countArg(-7),
		"2":                                    secondsArg(1001 * time.Millisecond),
		"":                                     settings(),
		"user/1001@pbx":                        dialArg("user/<phone>@pbx", "<phone>", "1001"),
		"sofia/gateway/c/+49#":                 dialArg("sofia/gateway/<trunk>/<number>", "<trunk>", "c", "<number>", "+49#"),
	} {
		require.NoError(t, a.err)
		assert.Equal(t, want, a.text)
	}
}

func TestCommandsOnTheWire(t *testing.T) {
	leg := idArg("11111111-1111-4111-8111-111111111111")
	assert.Equal(t, "api uuid_kill 11111111-1111-4111-8111-111111111111 USER_BUSY", whole(t, apiCommand("uuid_kill", leg, causeArg("USER_BUSY"))))
	assert.Equal(t, "bgapi originate a &park()\nJob-UUID: tandem-1", whole(t, backgroundCommand("tandem-1", "originate", literal("a"), literal("&park()"))))
	assert.Equal(t, "event plain CHANNEL_ANSWER CUSTOM conference::maintenance",
		whole(t, subscribeCommand("CHANNEL_ANSWER", "CUSTOM", "conference::maintenance")))
	assert.Equal(t, "auth s p a c e", whole(t, logInCommand("", "s p a c e")))
	assert.Equal(t, "userauth tandem@pbx:secret", whole(t, logInCommand("tandem@pbx", "secret")))
	execute := whole(t, executeCommand(leg, "playback", fileArg("/a.wav")))
	assert.Contains(t, execute, "sendmsg "+leg.text)
	assert.Contains(t, execute, "/a.wav")

	for what, c := range map[string]command{
		"a password of two lines":   logInCommand("", "a\n\napi shutdown"),
		"a user of two lines":       logInCommand("a\nb", "x"),
		"an event of two words":     subscribeCommand("A B"),
		"a job of two lines":        backgroundCommand("a\nb", "originate"),
		"a verb of two words":       apiCommand("bgapi originate"),
		"the event socket's module": apiCommand("reload", wordArg("mod_Event_socket")),
	} {
		_, err := c.message()
		assert.Error(t, err, what)
	}
}

// TestHarmlessText: what remains of a text is a part of it, in which nothing has a meaning to the switch.
func TestHarmlessText(t *testing.T) {
	for _, s := range hostile {
		got := harmless(s)
		assert.False(t, strings.ContainsAny(got, "\r\n\x00${}%\"\\<>\u2028\u202e"), "%q became %q", s, got)
		assert.LessOrEqual(t, len([]rune(got)), maxText)
		for _, word := range spells {
			assert.NotContains(t, strings.ToLower(got), word)
		}
		rest := []rune(s)
		for _, r := range got {
			for len(rest) > 0 && rest[0] != r {
				rest = rest[1:]
			}
			require.NotEmpty(t, rest, "%q has something that %q has not", got, s)
			rest = rest[1:]
		}
		assert.Equal(t, got, harmless(got))

		text := whole(t, apiCommand("originate", joined(settings(append(callerID(s, s), setText("tandem_name", s))...), literal("loopback/1"))))
		assert.NotContains(t, text, "\n")
		assert.Equal(t, 1, strings.Count(text, "{"))
		assert.Equal(t, 1, strings.Count(text, "}"))
		assert.LessOrEqual(t, strings.Count(text, settingSeparator), 4)
		assert.Equal(t, 2, strings.Count(text, " "), "%q: spaces would cut the dial string", text)
	}
	for in, want := range map[string]string{
		"O'Neil, Bob":                 "O'Neil, Bob",
		"Zoë 中文 🎧":                    "Zoë 中文 🎧",
		"a_b":                         "a_b",
		"Reload MOD_EVENT_SOCKET now": "Reload MODEVENTSOCKET now",
		"a: b :_: c":                  "a b  c",
		"ARRAY::a|:b":                 "ARRAYa|b",
		"%0d%0aX-Injected: 100%":      "0d0aX-Injected: 100",
		"${system(id)}":               "system(id)",
		"a\r\nb":                      "ab",
		" \u202e ":                    "",
	} {
		assert.Equal(t, want, harmless(in))
	}
	for in, want := range map[string]string{
		"+49 30 123": "+4930123", "anonymous": "anonymous", "a@b;c": "abc", "<sip:x>": "sipx", "": "", strings.Repeat("1", 99): strings.Repeat("1", maxCaller),
	} {
		assert.Equal(t, want, address(in))
	}
}

func TestSettings(t *testing.T) {
	assert.Equal(t, "{^^\x1fa=1\x1fb=x\\sy\x1fc=O"+strings.Repeat(`\`, 7)+"'Neil,\\s=}", settings(
		set("a", countArg(1)), setText("b", " x y "), setText("c", "O'Neil, =")).text)
	assert.Error(t, settings(setText("no name", "x")).err)
	assert.Error(t, settings(set("a", literal("{b}"))).err)
	assert.Equal(t, `api uuid_setvar L n O\'Neil Bob`, whole(t, setVariable(literal("L"), setText("n", "O'Neil Bob"))))
	_, err := setVariable(literal("L"), setText("n=", "x")).message()
	assert.Error(t, err)
}

// TestArgumentsAreMadeHere reads the source: an argument or a setting is made by its constructors and nowhere else, and nobody declares
// a text to be a constant, so that none can slip past them.
func TestArgumentsAreMadeHere(t *testing.T) {
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	require.Contains(t, names, "argument.go")
	made := map[string]string{"argument": "is made", "setting": "is made", "constant": "is converted to"}
	files := token.NewFileSet()
	for _, name := range names {
		if name == "argument.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(files, name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(source, func(n ast.Node) bool {
			var of ast.Expr
			switch n := n.(type) {
			case *ast.CompositeLit:
				if len(n.Elts) > 0 {
					of = n.Type
				}
			case *ast.CallExpr:
				of = n.Fun
			}
			if id, ok := of.(*ast.Ident); ok && made[id.Name] != "" {
				t.Errorf("%s: %s %s here", files.Position(n.Pos()), id.Name, made[id.Name])
			}
			return true
		})
	}
}

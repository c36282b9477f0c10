package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// The environment variable from which the password comes. There is no flag for it: command lines are visible to every user of the machine.
const phonePasswordEnv = "TANDEM_PHONE_PASSWORD" //nolint:gosec // a name, not a password

const phoneHelp = `commands, one per line:
  c NUMBER   call             a   answer          d   decline        b   hang up
  h          hold / resume    0-9 * # A-D digits  u   unplug / plug in
  ?          what is heard    q   quit
`

// phoneCommand runs one soft phone that is worked by lines on standard input.
func phoneCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return runPhone(ctx, args, os.Stdin, stdout, stderr)
}

func runPhone(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := newFlags("phone", "-user NAME [flags]", "\n"+phoneHelp, stderr)
	var (
		user     = flags.String("user", "", "SIP user, for example 1001; the password comes from the environment, as "+phonePasswordEnv)
		server   = flags.String("server", "127.0.0.1:5060", "host:port of the switch")
		addr     = flags.String("addr", "", "local ip:port, where port 0 is any free one; default: a free port on the interface that leads to the switch")
		name     = flags.String("name", "", "display name for outgoing calls")
		register = flags.Bool("register", true, "register at the switch")
		answer   = flags.Bool("answer", false, "answer every call at once")
		tone     = flags.Float64("tone", 0, "send a tone of this many Hz, 50 to 3900")
		wav      = flags.String("wav", "", "send this WAV file (8 kHz mono) over and over")
	)
	if err := parse(flags, args); err != nil {
		return err
	}
	if *user == "" {
		_, _ = fmt.Fprintln(stderr, "tandem phone: -user must not be empty, for example -user 1001")
		return errUsage
	}
	voice, err := phoneVoice(*tone, *wav)
	if err != nil {
		return err
	}
	if *addr == "" {
		host, _, err := net.SplitHostPort(*server)
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		if *addr, err = wayTo(ctx, host); err != nil {
			return err
		}
	}
	cfg := softphone.Config{User: *user, Password: os.Getenv(phonePasswordEnv), DisplayName: *name, Server: *server, Addr: *addr, Voice: voice}
	if *tone != 0 {
		cfg.ListenFor = []float64{*tone} // to recognise another phone with the same odd tone, or an echo
	}
	cfg.Reaction = softphone.AutoAnswer(softphone.Ring)
	if *answer {
		cfg.Reaction = softphone.Answer
	}
	phone, err := softphone.New(cfg)
	if err != nil {
		return err
	}
	d := &desk{phone: phone, out: stdout}
	watching, stopWatching := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { d.watch(watching) })
	defer func() {
		goodbye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		phone.Shutdown(goodbye)
		stopWatching()
		work.Wait()
	}()
	d.print("%s at %s, says %s", *user, phone.Addr(), voice)
	if *register {
		if err := phone.Register(ctx); err != nil {
			return err
		}
	}
	d.print("%s", phoneHelp)
	lines := readLines(watching, stdin)
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok || line == "q" {
				return nil
			}
			if err := d.command(ctx, line); err != nil {
				d.print("%v", err)
			}
		}
	}
}

func phoneVoice(tone float64, wav string) (softphone.Voice, error) {
	switch {
	case tone != 0 && wav != "":
		return softphone.Voice{}, errors.New("tone, wav: only one of them")
	case tone != 0 && (tone < 50 || tone > 3900):
		return softphone.Voice{}, fmt.Errorf("tone: %g Hz is outside 50-3900", tone)
	case wav != "":
		file, err := os.Open(wav)
		if err != nil {
			return softphone.Voice{}, fmt.Errorf("wav: %w", err)
		}
		defer func() { _ = file.Close() }()
		voice, err := softphone.WAVVoice(file)
		if err != nil {
			return softphone.Voice{}, fmt.Errorf("wav: %s: %w", wav, err)
		}
		return voice, nil
	}
	return softphone.ToneVoice(tone), nil
}

// readLines hands out the lines of stdin and closes the channel at its end. A read from a terminal cannot be interrupted, so this one
// goroutine may be left behind when the command ends; it holds nothing, and the process ends with the command.
func readLines(ctx context.Context, stdin io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(stdin)
		for scanner.Scan() {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// desk is the person at the phone.
type desk struct {
	phone *softphone.Phone

	mu  sync.Mutex // one line of output at a time
	out io.Writer

	held      *softphone.Call // the call that the h key has put on hold
	unplugged bool
}

func (d *desk) print(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = fmt.Fprintln(d.out, time.Now().Format("15:04:05.000"), strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}

// watch prints what happens and what is heard.
func (d *desk) watch(ctx context.Context) {
	var listening sync.WaitGroup
	defer listening.Wait()
	cursor := d.phone.Events().Cursor()
	for {
		e, err := cursor.Await(ctx, func(softphone.Event) bool { return true })
		if err != nil {
			return
		}
		d.print("%s", e)
		if e.Kind == softphone.Answered {
			listening.Go(func() { d.listen(ctx, e.Call) })
		}
	}
}

// listen prints every lasting change of what a call hears.
func (d *desk) listen(ctx context.Context, c *softphone.Call) {
	last := ""
	for {
		if err := c.HearsMatching(ctx, "a change", func(h softphone.Heard) bool { return h.String() != last }); err != nil {
			return
		}
		last = c.Heard().String()
		d.print("hears %s", last)
	}
}

// call returns the call that a command without an argument means.
func (d *desk) call() (*softphone.Call, error) {
	calls := d.phone.Calls()
	if len(calls) == 0 {
		return nil, errors.New("there is no call")
	}
	return calls[0], nil
}

// command does what one line says.
func (d *desk) command(ctx context.Context, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "":
		return nil
	case "c":
		_, err := d.phone.Dial(ctx, strings.TrimSpace(rest), softphone.CallOptions{})
		return err
	case "u":
		if d.unplugged = !d.unplugged; d.unplugged {
			d.phone.Unplug()
		} else {
			d.phone.PlugIn()
		}
		return nil
	}
	c, err := d.call()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	switch word {
	case "a":
		return c.Answer()
	case "d":
		return c.Reject(603)
	case "b":
		return c.HangUp(ctx)
	case "h":
		if d.held == c {
			if err := c.Resume(ctx); err != nil {
				return err
			}
			d.held = nil
			return nil
		}
		if err := c.Hold(ctx); err != nil {
			return err
		}
		d.held = c
		return nil
	case "?":
		d.print("hears %s", c.Heard())
		return nil
	}
	if strings.Trim(word, "0123456789*#ABCD") == "" && rest == "" {
		return c.SendDTMF(ctx, word)
	}
	d.print("%s", phoneHelp)
	return nil
}

// Command tandem is the whole of Tandem in one binary. Each subcommand lives in a file of its own and is entered in the table below.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// command is one subcommand. run returns when its work is done or ctx ends (Ctrl-C, SIGTERM).
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

var commands = []command{
	{"serve", "run the control plane with its API", serveCommand},
	{"demo", "run a small call centre on this machine: a real switch, phones, callers", demoCommand},
	{"migrate", "bring the database's schema up to date, take a migration back, or show the versions", migrateCommand},
	{"backup", "write database, bucket and configuration into one file", backupCommand},
	{"restore", "restore a backup into an empty database and bucket", restoreCommand},
	{"setup", "prepare an installation: secrets, the switches' directories", setupCommand},
	{"health", "tell whether the control plane on this machine is ready", healthCommand},
	{"jobs", "list the jobs that were given up, or have them tried again", jobsCommand},
	{"doctor", "check everything that serve depends on", doctorCommand},
	{"sim", "play seeded shifts on simulated switches, with faults, and check every invariant", simCommand},
	{"replay", "play a journal through the rules again, and print its timeline", replayCommand},
	{"phone", "run a soft phone on the command line", phoneCommand},
	{"version", "print the version of this program", versionCommand},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run does what the arguments say and returns the exit code: 0 well, 1 failed, 2 wrongly called.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], stdout, stderr)
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.Is(err, errUsage):
			return 2 // the flag set has said what is wrong
		}
		_, _ = fmt.Fprintf(stderr, "tandem %s: %v\n", c.name, err)
		return 1
	}
	_, _ = fmt.Fprintf(stderr, "tandem: unknown command %q\n", args[0])
	usage(stderr)
	return 2
}

func usage(w io.Writer) {
	_, _ = fmt.Fprintln(w, "usage: tandem <command> [flags]; tandem <command> -help says more")
	for _, c := range commands {
		_, _ = fmt.Fprintf(w, "  %-8s %s\n", c.name, c.summary)
	}
}

// errUsage says that the arguments were wrong and that the user has been told.
var errUsage = errors.New("wrong arguments")

// newFlags returns the flags of a subcommand. Its help begins with the call's form and ends with more, which may be empty.
func newFlags(name, form, more string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, strings.TrimSpace("usage: tandem "+name+" "+form))
		flags.PrintDefaults()
		_, _ = fmt.Fprint(stderr, more)
	}
	return flags
}

// parse reads flags and refuses anything left over.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(flags.Output(), "tandem %s: unexpected argument %q\n", flags.Name(), flags.Arg(0))
		return errUsage
	}
	return nil
}

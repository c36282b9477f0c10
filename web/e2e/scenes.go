// Package e2e plays the scenes of this folder in a real Chromium, at a server that whoever calls it has started.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tandem-voice/tandem/web"
)

// ErrMissing says that no scene can be played on this machine, or from this checkout.
var ErrMissing = errors.New("no scene can be played in a browser")

// Command is Playwright, asked to play scenes in Debian's Chromium: which ones, its arguments say, as they would stand in a shell ("--project=desks -g 'on hold'"). folder is where web is, seen
// from the working directory. What the scenes want to know (TANDEM_URL) is to be added to the environment. The end of ctx interrupts it, so that it takes its browsers along. The error wraps
// [ErrMissing] where there is no Chromium, or `make web` has not been run.
func Command(ctx context.Context, folder, arguments string) (*exec.Cmd, error) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("%w: there is no Chromium (`make setup` installs it): %w", ErrMissing, err)
	}
	const runner = "node_modules/.bin/playwright"
	if _, err := os.Stat(filepath.Join(folder, runner)); err != nil {
		return nil, fmt.Errorf("%w: the app's packages are not installed (`make web`): %w", ErrMissing, err)
	}
	if _, err := fs.Stat(web.Files(), "index.html"); err != nil {
		return nil, fmt.Errorf("%w: the app was not built before this program was (`make web`): %w", ErrMissing, err)
	}
	cmd := exec.CommandContext(ctx, "bash", "-c", "exec "+runner+" test "+arguments)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TANDEM_CHROMIUM="+chromium, "NO_COLOR=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd, nil
}

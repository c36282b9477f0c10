# Sourced by the set-up scripts: how they speak, and what every one of them needs. Not run by itself.
# shellcheck shell=bash
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools="$repo/.tools/bin"
logs="$repo/var/setup"
export repo tools logs

# say prints one line of progress.
say() { printf 'setup: %s\n' "$*"; }

# die prints why the set-up cannot go on, and what to do about it.
die() {
	printf 'setup: FAILED: %s\n' "$*" >&2
	exit 1
}

# as_root runs a command as root, through sudo where we are somebody else.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die "\"$*\" needs root, and there is no sudo"
	fi
}

# slow NAME COMMAND... runs a slow step: its output goes to a file, the terminal gets a line now and then, and the end of the file
# if it fails.
slow() {
	local name=$1 log start pid seconds
	shift
	mkdir -p "$logs"
	log="$logs/${name//[^a-zA-Z0-9]/-}.log"
	start=$SECONDS
	say "$name ..."
	"$@" >"$log" 2>&1 &
	pid=$!
	# An interrupted set-up takes its step with it.
	trap 'kill "$pid" 2>/dev/null || true' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		seconds=$((SECONDS - start))
		if [ $((seconds % 10)) -eq 0 ] && [ "$seconds" -gt 0 ]; then
			say "$name ... ${seconds} s: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"
		fi
	done
	trap - INT TERM
	if ! wait "$pid"; then
		tail -n 30 "$log" >&2
		die "$name (all of it: $log)"
	fi
	say "$name: done in $((SECONDS - start)) s"
}

# is_debian tells whether apt installs what we need under the names we know.
is_debian() { [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; }

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

# has_apt tells whether apt installs what we need under the names we know; so it does on Debian and its children.
has_apt() { [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; }

# is_debian tells whether this is Debian itself, from whose mirror a Debian root can be made.
is_debian() { has_apt && grep -qx 'ID="\{0,1\}debian"\{0,1\}' /etc/os-release 2>/dev/null; }

# Where the Asterisk root is, or shall be.
asterisk_root=${TANDEM_ASTERISK_ROOT:-/var/lib/tandem/asterisk-22}
export asterisk_root

# can_chroot tells whether Asterisk can run from a Debian root that is there or can be made. Entering one takes root.
can_chroot() {
	[ "$(id -u)" -eq 0 ] || return 1
	[ -x "$asterisk_root/usr/sbin/asterisk" ] || { is_debian && command -v debootstrap >/dev/null 2>&1; }
}

# can_docker tells whether a container engine is there and answers: the client alone is on many machines.
can_docker() { command -v docker >/dev/null 2>&1 && docker info >/dev/null 2>&1; }

# can_native tells whether the machine has an Asterisk of its own, of whatever version.
can_native() { command -v asterisk >/dev/null 2>&1; }

# asterisk_host prints where Asterisk shall run: what TANDEM_ASTERISK_HOST says, or else the first of chroot, docker and native that
# can be; nothing if none can. orchestrator/enginetest/lab chooses among what is there in the same order, and its test holds
# the two together.
asterisk_host() {
	local kind
	case "${TANDEM_ASTERISK_HOST:-}" in
	chroot | docker | native)
		printf '%s\n' "$TANDEM_ASTERISK_HOST"
		return
		;;
	'') ;;
	*) die "TANDEM_ASTERISK_HOST: chroot, docker or native, got \"$TANDEM_ASTERISK_HOST\"" ;;
	esac
	for kind in chroot docker native; do
		if "can_$kind"; then
			printf '%s\n' "$kind"
			return
		fi
	done
}

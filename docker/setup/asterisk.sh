#!/usr/bin/env bash
# Provides a real Asterisk 22 for tests and demo: a Debian root of its own (the package is in forky, not in bookworm or trixie),
# or a container image where the machine is no Debian but has Docker.
#
# usage: asterisk.sh [DIRECTORY]     default /var/lib/tandem/asterisk-22, or $TANDEM_ASTERISK_ROOT
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

root=${1:-${TANDEM_ASTERISK_ROOT:-/var/lib/tandem/asterisk-22}}
image=${TANDEM_ASTERISK_IMAGE:-tandem-asterisk:22}
suite=forky
stamp=$root/.tandem-version

# The root is whole if its stamp is there: it is written last, and the directory gets its name after that.
if [ -s "$stamp" ]; then
	exit 0
fi

if ! is_debian || ! command -v debootstrap >/dev/null 2>&1; then
	if command -v asterisk >/dev/null 2>&1; then
		say "using $(asterisk -V) of this machine"
		exit 0
	fi
	command -v docker >/dev/null 2>&1 || die "Asterisk needs a Debian host with debootstrap, or Docker, or asterisk on PATH"
	if docker image inspect "$image" >/dev/null 2>&1; then
		exit 0
	fi
	slow "container image $image" docker build --tag "$image" --file "$repo/docker/asterisk/Dockerfile" "$repo/docker/asterisk"
	exit 0
fi

version() { as_root chroot "$1" /usr/sbin/asterisk -V; }

# A root that somebody else made by the same command is taken as it is.
if [ -x "$root/usr/sbin/asterisk" ] && found=$(version "$root" 2>/dev/null); then
	printf '%s\n' "$found" | as_root tee "$stamp" >/dev/null
	say "$found is in $root"
	exit 0
fi

mkdir_root() { as_root mkdir -p "$(dirname "$root")"; }
mkdir_root

# One builder at a time; whoever waited finds the stamp and is done.
exec 9<"$(dirname "$root")"
flock 9
[ -s "$stamp" ] && exit 0

building="$root.building"
build() {
	as_root rm -rf "$building"
	# No mirror named: the host's default. The script "sid" is named because a bookworm debootstrap does not know forky.
	as_root debootstrap --variant=minbase --include=asterisk "$suite" "$building" "" sid || return 1
	as_root rm -rf "$building"/var/cache/apt/archives/*.deb "$building"/var/lib/apt/lists/* || return 1
	version "$building" | as_root tee "$building/.tandem-version" || return 1
	as_root rm -rf "$root" || return 1
	as_root mv "$building" "$root"
}
slow "Asterisk 22 in $root (about a minute)" build
say "$(cat "$stamp") is in $root"

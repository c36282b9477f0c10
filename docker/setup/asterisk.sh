#!/usr/bin/env bash
# Provides a real Asterisk 22 for tests and demo: a Debian root of its own (the package is in forky, not in bookworm or trixie),
# or a container image where the machine is no Debian but has Docker; as a last resort the machine's own Asterisk is taken.
#
# usage: asterisk.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

root=$asterisk_root
image=${TANDEM_ASTERISK_IMAGE:-tandem-asterisk:22}
suite=forky
stamp=$root/.tandem-version

host=$(asterisk_host)
case "$host" in
chroot) ;; # below
docker)
	can_docker || die "no Docker whose daemon answers: $(docker info 2>&1 | tail -n 1)"
	# The network of the machine, which containers of this image need anyway, is there where Docker's own bridge is not.
	docker image inspect "$image" >/dev/null 2>&1 ||
		slow "container image $image" docker build --network host --tag "$image" --file "$repo/docker/asterisk/Dockerfile" "$repo/docker/asterisk"
	exit 0
	;;
native)
	can_native || die "no asterisk on PATH"
	say "using $(asterisk -V) of this machine"
	exit 0
	;;
*) die "Asterisk needs a Debian host and root, or Docker, or asterisk on PATH" ;;
esac

# The root is whole if its stamp is there: it is written last, and the directory gets its name after that.
if [ -s "$stamp" ]; then
	exit 0
fi
[ "$(id -u)" -eq 0 ] || die "an Asterisk root is made and entered by root; as somebody else, use Docker (TANDEM_ASTERISK_HOST=docker)"

version() { chroot "$1" /usr/sbin/asterisk -V; }

# A root that somebody else made by the same command is taken as it is.
if [ -x "$root/usr/sbin/asterisk" ] && found=$(version "$root" 2>/dev/null); then
	printf '%s\n' "$found" >"$stamp"
	say "$found is in $root"
	exit 0
fi

mkdir -p "$(dirname "$root")"

# One builder at a time; whoever waited finds the stamp and is done.
exec 9<"$(dirname "$root")"
flock 9
[ -s "$stamp" ] && exit 0

building="$root.building"
build() {
	rm -rf "$building"
	# No mirror named: the host's default. The script "sid" is named because a bookworm debootstrap does not know forky.
	debootstrap --variant=minbase --include=asterisk "$suite" "$building" "" sid || return 1
	rm -rf "$building"/var/cache/apt/archives/*.deb "$building"/var/lib/apt/lists/* || return 1
	version "$building" >"$building/.tandem-version" || return 1
	rm -rf "$root" || return 1
	mv "$building" "$root"
}
slow "Asterisk 22 in $root (about a minute)" build
say "$(cat "$stamp") is in $root"

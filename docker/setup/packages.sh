#!/usr/bin/env bash
# Installs the Debian packages that tests and demo need, those that are missing only. No service is started: tests run private
# servers of their own, from the packages' binaries.
#
# usage: packages.sh [demo]      demo = nothing but what makes Asterisk's root: the demo is Tandem on its embedded defaults, and its phones are its own
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# package:file that tells that it is there already, whoever installed it
wanted=(
	debootstrap:/usr/sbin/debootstrap
)
if [ "${1:-}" != demo ]; then
	wanted+=(
		sip-tester:/usr/bin/sipp
		redis-server:/usr/bin/redis-server
		postgresql:'/usr/lib/postgresql/*/bin/postgres'
		shellcheck:/usr/bin/shellcheck
	)
	# With a font that has Chinese: the tests look at pictures of every language.
	wanted+=(chromium:/usr/bin/chromium fonts-noto-cjk:'/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc')
fi

missing=()
for w in "${wanted[@]}"; do
	compgen -G "${w#*:}" >/dev/null || missing+=("${w%%:*}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! has_apt; then
	say "no apt: ${missing[*]} not installed; tests that need them will say so"
	exit 0
fi

# Debian starts a service as soon as it is installed, unless policy-rc.d forbids it; and PostgreSQL makes a cluster.
install() {
	export DEBIAN_FRONTEND=noninteractive
	local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf ours=()
	if [ ! -e "$policy" ]; then
		ours+=("$policy")
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	if [[ " ${missing[*]} " == *" postgresql "* && ! -e $cluster ]]; then
		ours+=("$cluster")
		as_root mkdir -p "${cluster%/*}"
		printf 'create_main_cluster = false\n' | as_root tee "$cluster" >/dev/null
	fi
	local status=0
	{ as_root apt-get -q update && as_root apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold \
		install "${missing[@]}"; } || status=$?
	[ ${#ours[@]} -eq 0 ] || as_root rm -f "${ours[@]}"
	return "$status"
}
slow "packages ${missing[*]}" install

#!/usr/bin/env bash
# Installs what the app is built with: the packages of web/package-lock.json, nothing else, and only when that file has changed. Browsers for its tests come from Debian
# (packages.sh), never from npm.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needs=20.19.0

command -v node >/dev/null 2>&1 || die "Node is not installed; the app needs $needs or later"
command -v npm >/dev/null 2>&1 || die "npm is not installed; it comes with Node"
have=$(node --version)
[ "$(printf '%s\n' "$needs" "${have#v}" | sort -V | head -n 1)" = "$needs" ] || die "Node is ${have#v}; the app needs $needs or later"

stamp="$repo/web/node_modules/.tandem-lock"
if ! cmp -s "$repo/web/package-lock.json" "$stamp"; then
	slow "packages of the app" npm --prefix "$repo/web" ci --no-audit --no-fund
	cp "$repo/web/package-lock.json" "$stamp"
fi

#!/usr/bin/env bash
# Brings a machine to where tests and demo run. Safe to repeat; a second run takes well under a second.
#
# usage: setup.sh [demo]      demo = without the browser of the tests and the linter
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here=$(dirname "${BASH_SOURCE[0]}")

command -v go >/dev/null 2>&1 || die "Go is not installed; the version is in go.mod"

"$here/packages.sh" "$@"
"$here/asterisk.sh"
if [ "${1:-}" != demo ]; then
	"$here/tools.sh"
fi

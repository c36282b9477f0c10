#!/usr/bin/env bash
# Builds the pinned developer tools into .tools/bin. They are not in go.mod: their dependencies must not choose ours.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

golangci=v2.15.0

have=$("$tools/golangci-lint" version 2>/dev/null | sed -n 's/.*has version v\{0,1\}\([0-9.]*\).*/v\1/p' || true)
if [ "$have" != "$golangci" ]; then
	mkdir -p "$tools"
	build() { GOBIN="$tools" GOFLAGS='' go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci"; }
	slow "golangci-lint $golangci (five minutes, once)" build
fi

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# nvs_tool's views of the images in test/golden-nvs-tool, byte for byte:
# stdout, stderr and exit status.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools nvs_tool

# view CASE FILE ERRFILE ARGUMENT...: FILE is the stdout, ERRFILE the stderr
# that is expected ('' for none); both are files of the case.
view() {
	local case=$1 want=$2 want_err=${3:-/dev/null} said
	shift 3
	[ -f "$want" ] || return # the original could not do it
	try nvs_tool "$@" "$case.bin"
	if ! said=$(cmp "$want" "$OUT" 2>&1); then
		fail "$case: $want" "$said" "$(diff "$want" "$OUT" | head -n 8)" \
			"in test/golden-nvs-tool/$case: $last_command"
	elif ! said=$(cmp "$want_err" "$ERR" 2>&1); then
		fail "$case: $want: stderr" "$said" \
			"$(diff "$want_err" "$ERR" | head -n 8)" \
			"in test/golden-nvs-tool/$case: $last_command"
	else
		succeeds "$case: $want"
	fi
}

for dir in "$ROOT"/test/golden-nvs-tool/*/; do
	cd "$dir" || exit 1
	case=$(basename "$dir")
	view "$case" json '' -f json
	view "$case" minimal.json '' --dump=minimal --format json
	for dump in all written minimal namespaces blobs storage_info; do
		view "$case" "$dump.txt" '' -d "$dump" --color never
	done
	view "$case" check.out check.err -d none -i --color never
done
finish

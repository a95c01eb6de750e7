#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# nvs_tool's views of the recorded images in test/golden-nvs-tool: stdout and
# stderr, byte for byte, and the exit status.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools nvs_tool

CASES=$ROOT/test/golden-nvs-tool

# view CASE STDOUT STDERR ARGUMENT...: both are files of the case; without
# STDERR nothing may stand there.
view() {
	local case=$1 dir=$CASES/$1 want=$2 want_err=$3 said=
	shift 3
	[ -f "$dir/$want" ] || return 0 # the original fails here
	cd "$dir" || exit 1
	try nvs_tool "$@" "$case.bin"
	cd "$T" || exit 1
	cmp -s "$OUT" "$dir/$want" ||
		said+="stdout: $(diff -a "$dir/$want" "$OUT" | head -6)"$'\n'
	cmp -s "$ERR" "${want_err:+$dir/}${want_err:-/dev/null}" ||
		said+="stderr: $(diff -a "${want_err:+$dir/}${want_err:-/dev/null}" \
			"$ERR" | head -6)"$'\n'
	[ "$status" -eq 0 ] || said+="exit status $status"$'\n'
	if [ -z "$said" ]; then
		pass "$case/$want"
	else
		fail "$case/$want" "$said" \
			"repeat: cd $dir && nvs_tool $* $case.bin"
	fi
}

for dir in "$CASES"/*/; do
	case=$(basename "$dir")
	view "$case" json '' -f json
	view "$case" minimal.json '' --dump=minimal --format json
	for dump in all written minimal namespaces blobs storage_info; do
		view "$case" $dump.txt '' -d $dump --color never
	done
	view "$case" check.out check.err -d none -i --color never
done
is "views compared" "$checks" 104

finish

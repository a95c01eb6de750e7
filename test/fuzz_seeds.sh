#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tools/fuzz.sh and tools/fuzz-seeds.sh as far as they need no clang: the list
# of targets is whole, and the seeds, which are the recorded cases of the other
# tests, go through the targets. Without CHECK_LONG=1 only the smaller ones do.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

cd "$ROOT" || exit 1
targets=$(printf '%s\n' test/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||')
try tools/fuzz.sh list
succeeds "fuzz.sh list"
is "all targets are listed" "$(cut -d' ' -f1 "$OUT")" "$targets"
is "all targets say what they are about" "$(awk 'NF < 3' "$OUT")" ""
try tools/fuzz.sh run nonsense
refused "a target that does not exist" 2 nonsense parttable

for target in $targets; do
	case $target in
	espat | homekit | manifest | parttable) ;;
	*) [ -n "${CHECK_LONG:-}" ] || continue ;;
	esac
	try tools/fuzz-seeds.sh "$target" "$T/$target"
	succeeds "seeds for $target"
	try "$BUILD/test/fuzz_$target" "$T/$target"/*
	succeeds "$target takes its seeds"
	ok "$target has more than a few" [ -s "$T/$target/seed-4" ]
	ok "there is a corpus of $target" [ -d "test/fuzz/corpus/$target" ]
done
try tools/fuzz-seeds.sh nonsense "$T/none"
refused "seeds for a target that does not exist" 1 nonsense
finish

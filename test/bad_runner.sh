#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The program that runs the tables of bad input has to fail on every kind of
# wrong outcome: here the "tools" are shell scripts that misbehave.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# a_case SCRIPT EXPECTATION: a table of one case
a_case() {
	printf '@ in.csv\na,b\n\n= one\n$ sh -c '"'%s'"'\n%s\n' "$1" "$2" >t.txt
	try "$BUILD/test/bad" t.txt
}

# catches NAME TEXT SCRIPT EXPECTATION
catches() {
	a_case "$3" "$4"
	if [ "$status" -eq 1 ] && has "$OUT" 'not ok - t/one' &&
		has "$OUT" "$2" && has "$OUT" 'repeat: BUILD='; then
		pass "catches: $1"
	else
		fail "catches: $1" "$(last_run)"
	fi
}

right='echo "in.csv:1:1: error: a: what is wrong" >&2; exit 1'
said='> 1
in.csv:1:1: error: a: what is wrong'

a_case "$right" "$said"
is "passes what is right" "$status $(cat "$OUT")" "0 ok - t/one
1..1"
catches "another message" "stderr" "$right" '> 1
in.csv:1:1: error: b: what is wrong'
catches "a second message" "stderr" \
	"echo \"in.csv:2:1: error: one more thing that is wrong\" >&2; $right" "$said"
catches "another status" "exit status" \
	'echo "in.csv:1:1: error: a: what is wrong" >&2; exit 3' "$said"
catches "bad input that is taken" "bad input was taken" "exit 0" '> 0'
catches "a crash" "exit status" \
	'echo "in.csv:1:1: error: a: what is wrong" >&2; kill -SEGV $$' "$said"
catches "something on stdout" "stdout" "echo done; $right" "$said"
catches "a file that is left" "./new" "touch new; $right" "$said"
catches "a directory that is left" "./new" "mkdir new; $right" "$said"
catches "a file that is gone" "files are not as before" "rm in.csv; $right" \
	"$said"
catches "a file that is changed" "in.csv" "echo c >>in.csv; $right" "$said"
catches "a file that is replaced by an equal one" "in.csv" \
	"cp in.csv x; mv x in.csv; $right" "$said"
catches "a file left in the temporary directory" "../tmp/x" \
	"touch ../tmp/x; $right" "$said"
catches "a change of mode" "in.csv" "chmod 600 in.csv; $right" "$said"
catches "control characters" "<1b>" \
	'printf "in.csv:1:1: error: \\\\033[2J wrong\\\\n" >&2; exit 1' '> 1'
catches "C1 control characters" "<c2><9b>" \
	'printf "in.csv:1:1: error: \\\\302\\\\233 wrong\\\\n" >&2; exit 1' '> 1'
catches "bytes that are not UTF-8" "<ff>" \
	'printf "in.csv:1:1: error: \\\\377 wrong\\\\n" >&2; exit 1' '> 1'
catches "a message without a place" "without a place" \
	'echo "error: something went wrong" >&2; exit 1' '> 1
error: something went wrong'
catches "a message that says nothing" "says nothing" \
	'echo "in.csv:1:1: error: invalid" >&2; exit 1' '> 1
in.csv:1:1: error: invalid'
catches "wrong usage without the usage" "usage is not shown" \
	'echo "tool: error: what is --that for" >&2; exit 2' '> 2
tool: error: what is --that for'
catches "an expectation that is not written yet" "stderr" "$right" '> ?'
a_case "$right" '> ?'
try "$BUILD/test/bad" --fill t.txt
is "fills it in" "$(tail -n 2 "$OUT")" "$said"
printf '= a\n$ false\n> 1\n= a\n$ false\n> 1\n' >t.txt
try "$BUILD/test/bad" t.txt
says "two cases of a name" "a second case 'a'"
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh - read the sources with the eyes of four tools: clang-tidy,
# cppcheck and gcc -fanalyzer for lib/ and cmd/, shellcheck for all shell
# scripts. "make lint" installs them and calls this with the flags of the
# build in LINT_CFLAGS. Each tool's look at a file (cppcheck's at all) is
# counted; the last line is "N passed, M failed".
#
# A finding that is wrong stands in tools/lint.allow, below the reason:
#
#	FILE | CHECK | the source line, without the blanks around it
#
# An entry that nothing needs any more is a failure as well, with the versions
# of the tools that are named above it. What the checks are is in .clang-tidy
# and .shellcheckrc, and below for cppcheck.

set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
GCC=${GCC:-gcc}
read -ra flags <<<"${LINT_CFLAGS:--std=c11 -D_GNU_SOURCE -Iinclude}"
allow=tools/lint.allow
export GCC LINT_CFLAGS

# ---- one tool, one file: findings as "FILE:LINE: [CHECK] MESSAGE" ----

# Findings of compilers, "PLACE:LINE:COLUMN: warning: MESSAGE [...] [CHECK]".
# Notes say how it comes to that; they are kept in the log only.
findings() {
	sed -nE "s#^$root/##
		s#^([^:]+:[0-9]+):[0-9]+: (warning|error): (.*) \[([^]]+)\]\$#\1: [\4] \3#p" \
		| sort -u
}

# gcc's optimiser has to run, or the analyzer sees half of it.
run_analyzer() {
	"$GCC" "${flags[@]}" -O2 -fanalyzer -c -o /dev/null "$1" 2>&1
}

run_clang_tidy() {
	clang-tidy --quiet "$1" -- "${flags[@]}" 2>&1
}

# Not asked of cppcheck:
#  variableScope     declarations stand at the head of a function here
#  shadowFunction    a local variable may be called as a function of the file
#  constParameter    a function that is called through a pointer can't choose;
#                    constParameterCallback since 2.11
#  normalCheckLevelMaxBranches
#                    2.17 says of each larger file that it could look longer
#  unreadVariable    clang's DeadStores knows better which are never read
#  badBitmaskCheck   an enumeration may begin at 0
run_cppcheck() {
	cppcheck --quiet -j "$(nproc)" --inline-suppr \
		--enable=warning,style,performance,portability \
		--suppress=variableScope --suppress=shadowFunction \
		--suppress=constParameter --suppress=unreadVariable \
		--suppress=badBitmaskCheck --suppress=constParameterCallback \
		--suppress=normalCheckLevelMaxBranches \
		--template='{file}:{line}:{column}: warning: {message} [{id}]' \
		"${flags[@]/#-std=/--std=}" lib cmd 2>&1
}

run_shellcheck() {
	shellcheck --format=gcc "$1" 2>&1 | sed 's/: note: /: warning: /'
}

if [ "${1-}" = --one ]; then
	log=$2/$3.${4//\//__}
	"run_$3" "$4" >"$log.log"
	status=$?
	findings <"$log.log" >"$log.found"
	# What can't be read at all ends so, without a finding.
	[ "$3" = shellcheck ] || [ -s "$log.found" ] || [ "$status" -eq 0 ] ||
		echo "$4:1: [$3] ended with status $status: see $log.log" \
			>"$log.found"
	exit 0
fi

# ---- all of them ----

out=$(mktemp -d "${TMPDIR:-/tmp}/lint-XXXXXX") || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM HUP

# Scripts, also those without an ending; "sourced" ones say so in line 1.
scripts() {
	find .ci tools test -type f -not -path 'test/golden*' -print0 |
		xargs -0 grep -lIE -m1 '^#!/bin/(ba)?sh|^# shellcheck shell=' |
		sort
}

# The slow ones first, so that the last one does not run alone.
work() {
	echo cppcheck all
	printf 'clang_tidy %s\n' lib/*/*.c cmd/*.c
	printf 'analyzer %s\n' lib/*/*.c cmd/*.c
	scripts | sed 's/^/shellcheck /'
}

# Whether a finding is allowed: by file, check and the line itself.
judge() {
	awk -v allow="$allow" -v used="$out/used" '
		BEGIN {
			while ((getline line <allow) > 0) {
				if (line ~ /^(#|[ \t]*$)/)
					continue
				n = split(line, part, / \| /)
				text = part[3]
				for (i = 4; i <= n; i++)
					text = text " | " part[i]
				ok[part[1], part[2], text] = line
			}
		}
		{
			match($0, /^[^:]+:[0-9]+/)
			split(substr($0, 1, RLENGTH), place, ":")
			check = $0
			sub(/^[^[]*\[/, "", check)
			sub(/\].*/, "", check)
			text = ""
			for (i = 0; i < place[2]; i++)
				if ((getline text <place[1]) <= 0)
					text = ""
			close(place[1])
			gsub(/^[ \t]+|[ \t]+$/, "", text)
			if ((place[1], check, text) in ok)
				print ok[place[1], check, text] >>used
			else
				print
		}'
}

for tool in "$GCC" clang-tidy cppcheck shellcheck; do
	command -v "$tool" >/dev/null && continue
	echo "lint.sh: there is no $tool: tools/install-deps.sh --lint" >&2
	echo "0 passed, 1 failed"
	exit 1
done
touch "$out/used"
passed=0 failed=0
work >"$out/work"
xargs -P "$(nproc)" -L 1 bash "$0" --one "$out" <"$out/work"
while read -r tool file; do
	found=$out/$tool.${file//\//__}.found
	[ -f "$found" ] || echo "$file:1: [$tool] did not run" >"$found"
	judge <"$found" >"$found.left"
	if [ -s "$found.left" ]; then
		failed=$((failed + 1))
		sed "s/^/${tool/_/-}: /" "$found.left"
	else
		passed=$((passed + 1))
	fi
done <"$out/work"
# Entries stand below a line "# tools: ..." of this form, each of which has its
# own: others may have no need of them.
tools="gcc $("$GCC" -dumpversion), clang-tidy $(clang-tidy --version |
	sed -nE 's/.*version ([0-9]+)\..*/\1/p'), $(cppcheck --version |
	tr '[:upper:]' '[:lower:]')"
ours=
while IFS= read -r line; do
	case $line in
	"# tools: $tools" | "# tools: $tools "*) ours=1 ;;
	'# tools: '*) ours= ;;
	esac
	case $line in '' | '#'*) continue ;; esac
	[ -n "$ours" ] || continue
	grep -qxF -e "$line" "$out/used" && continue
	echo "$allow: no longer needed: $line"
	failed=$((failed + 1))
done <"$allow"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of README.md do what it says. A block that begins with
#
#	```sh run            is run and has to succeed, each command of it
#	```sh run status=1   its last command has to end with that status
#	```sh run fresh      in a new directory
#
# The blocks run one after the other in a scratch copy of the project, so that
# what one makes is there for the next.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen
if ! grep -q '^```sh run' "$ROOT/README.md" 2>/dev/null; then
	printf '# skipped: README.md has no block marked "sh run"\n1..0\n'
	exit 0
fi

# The project as a user has it in front of him, made of links but for samples.
project() {
	local entry

	find "$T" -mindepth 1 -delete
	for entry in "$ROOT"/*; do
		case ${entry##*/} in
		build | samples | bin | csv | keys) ;;
		*) ln -s "$entry" . ;;
		esac
	done
	ln -s "$BUILD" build
	cp -r "$ROOT/samples" .
	rm -f samples/*_created.csv
}

# block LINE INFO FILE: run one, LINE being where it begins
block() {
	local line=$1 info=$2 file=$3 expected=0 word

	for word in $info; do
		case $word in
		sh | run) ;;
		fresh) project ;;
		status=*) expected=${word#status=} ;;
		*)
			fail "README.md:$line: '$word' is no mark" \
				"known: run, fresh, status=N"
			return
			;;
		esac
	done
	try bash -eu -o pipefail "$file"
	if [ "$status" -eq "$expected" ] && ! crashed; then
		pass "README.md:$line"
	else
		fail "README.md:$line" "expected status: $expected" \
			"$(cat "$file")" "$(last_run)"
	fi
}

project
# Cut the blocks out: a file each, named by its line.
mkdir "$LIB_DIR/blocks"
awk -v dir="$LIB_DIR/blocks" '
	!inside && /^```sh run/ {
		inside = 1
		file = sprintf("%s/%05d", dir, NR)
		print substr($0, 4) >(file ".info")
		printf "" >file
		next
	}
	!inside && /^```./ { inside = 2; next }
	inside && /^```[ \t]*$/ { inside = 0; next }
	inside == 1 { print >file }' "$ROOT/README.md"
for file in "$LIB_DIR"/blocks/*.info; do
	file=${file%.info}
	line=${file##*/}
	block $((10#$line)) "$(cat "$file.info")" "$file"
done
finish

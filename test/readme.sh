#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of README.md, SECURITY.md and docs/*.md do what these say. A
# block that begins with
#
#	```sh run            is run and has to succeed, each command of it
#	```sh run status=1   its last command has to end with that status
#	```sh run fresh      in a new directory
#
# The blocks of a file run one after the other in a scratch copy of the
# project, so that what one makes is there for the next.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen

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

# block PLACE INFO FILE: run one, PLACE being "README.md:LINE", where it begins
block() {
	local place=$1 info=$2 file=$3 expected=0 word

	for word in $info; do
		case $word in
		sh | run) ;;
		fresh) project ;;
		status=*) expected=${word#status=} ;;
		*)
			fail "$place: '$word' is no mark" \
				"known: run, fresh, status=N"
			return
			;;
		esac
	done
	try bash -eu -o pipefail "$file"
	if [ "$status" -eq "$expected" ] && ! crashed; then
		pass "$place"
	else
		fail "$place" "expected status: $expected" \
			"$(cat "$file")" "$(last_run)"
	fi
}

# cut_blocks DOCUMENT DIR: its blocks, a file each, named by its line
cut_blocks() {
	mkdir "$2"
	awk -v dir="$2" '
		!inside && /^```sh run/ {
			inside = 1
			file = sprintf("%s/%05d", dir, NR)
			print substr($0, 4) >(file ".info")
			printf "" >file
			next
		}
		!inside && /^```./ { inside = 2; next }
		inside && /^```[ \t]*$/ { inside = 0; next }
		inside == 1 { print >file }' "$1"
}

number=0
for document in README.md SECURITY.md "$ROOT"/docs/*.md; do
	document=${document#"$ROOT"/}
	[ -f "$ROOT/$document" ] || continue
	number=$((number + 1))
	blocks=$LIB_DIR/blocks.$number
	cut_blocks "$ROOT/$document" "$blocks"
	project
	for file in "$blocks"/*.info; do
		[ -f "$file" ] || continue
		file=${file%.info}
		line=${file##*/}
		block "$document:$((10#$line))" "$(cat "$file.info")" "$file"
	done
done
[ "$checks" -gt 0 ] || printf '# skipped: no block is marked "sh run"\n'
finish

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
# project, so that what one makes is there for the next; and once more as
# "make install" leaves them, in a copy of the installed examples. Programs that are not
# on every machine have stand-ins in test/standin, which look at their
# arguments. A block right behind that begins with
#
#	```output
#
# is what the commands print on stdout and stderr. In it "..." is any text
# within a line, and on a line of its own any lines. Blanks at the end of a line
# and NULs, which a document cannot show, are left out.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs
PATH=$ROOT/test/standin:$PATH

# The project as a user has it in front of him, made of links but for samples;
# or, where pages are not those of the project, what lies beside them.
project() {
	local entry

	find "$T" -mindepth 1 -delete
	if [ "$pages" != "$ROOT" ]; then
		cp -r "$pages/examples/." .
		return
	fi
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

# printed FILE: whether the last command's output is the one that FILE shows
printed() {
	local line pattern=^

	tr -d '\0\r' <"$OUT" | sed 's/ *$//' >"$LIB_DIR/printed"
	while IFS= read -r line; do
		if [ "$line" = '\.\.\.' ]; then
			pattern+=$'([^\n]*\n)*'
		else
			pattern+=${line//'\.\.\.'/$'[^\n]*'}$'\n'
		fi
	done < <(sed 's/[][\\.^$*+?(){}|]/\\&/g' "$1")
	[[ $(cat "$LIB_DIR/printed")$'\n' =~ $pattern$ ]]
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
	if [ -f "$file.output" ]; then
		# shellcheck disable=SC2016 # for the shell that is started
		try bash -eu -o pipefail -c 'exec 2>&1; . "$0"' "$file"
		cp "$OUT" "$ERR"
	else
		try bash -eu -o pipefail "$file"
	fi
	if [ "$status" -ne "$expected" ] || crashed; then
		fail "$place" "expected status: $expected" \
			"$(cat "$file")" "$(last_run)"
	elif [ -f "$file.output" ] && ! printed "$file.output"; then
		fail "$place: the output is another one" \
			"shown there (<) and printed (>):" \
			"$(diff -a "$file.output" "$LIB_DIR/printed" |
				head -n 30)"
	else
		pass "$place"
	fi
}

# cut_blocks DOCUMENT DIR: its blocks, a file each, named by its line
cut_blocks() {
	mkdir "$2"
	awk -v dir="$2" '
		# A file for what should not be there, which no mark allows.
		function stray(what,    name) {
			name = sprintf("%s/%05d", dir, NR)
			print what >(name ".info")
			return name
		}
		!inside && /^```sh run/ {
			inside = 1
			file = sprintf("%s/%05d", dir, NR)
			print substr($0, 4) >(file ".info")
			printf "" >file
			ran = file
			next
		}
		!inside && /^```output$/ {
			inside = 1
			file = ran ".output"
			if (!ran)
				file = stray("output-of-nothing")
			printf "" >file
			ran = ""
			next
		}
		!inside && /^```(sh|bash|shell|console)/ {
			inside = 1
			file = stray("not-run")
			next
		}
		!inside && /^```./ { inside = 2; ran = ""; next }
		inside && /^```[ \t]*$/ { inside = 0; next }
		inside == 1 { print >file }
		!inside && NF { ran = "" }' "$1"
}

# The comparison itself: what it lets pass, and what not.
# shows NAME TEXT: printed() with a document that has TEXT
shows() {
	printf '%s\n' "$2" >"$LIB_DIR/shown"
	ok "$1" printed "$LIB_DIR/shown"
}
shows_not() {
	printf '%s\n' "$2" >"$LIB_DIR/shown"
	not_ok "$1" printed "$LIB_DIR/shown"
}
printf '5 made in .; (1)\nx\ny\n0x10 *.bin\n' >"$OUT"
shows "the same" "$(cat "$OUT")"
shows "any text" "$(printf '5 ... (1)\nx\n...\n0x... *.bin')"
shows "any lines" "$(printf '5 made...\n...\n0x10 *.bin\n...')"
shows_not "another text" "$(printf '6 ... (1)\nx\ny\n0x10 *.bin')"
shows_not "a pattern for text" "$(printf '5 made in .; (1)\nx\ny\n.*')"
shows_not "lines for text" "$(printf '5 ... 0x10 *.bin')"
shows_not "a line is missing" "$(printf '5 made in .; (1)\nx\n0x10 *.bin')"
shows_not "a line is left" "$(printf '5 made in .; (1)\nx\ny')"

# anchors DOCUMENT: what can stand behind '#' in a link to it
anchors() {
	awk '/^```/ { code = !code } !code && /^#+ /' "$1" |
		sed -E 's/^#+ //; s/[^A-Za-z0-9_ -]//g; s/ /-/g' | tr '[:upper:]' '[:lower:]'
}

# check_links NAME DOCUMENT: its links to other pages lead somewhere
check_links() {
	local link file anchor dead=

	while IFS= read -r link; do
		file=$(dirname "$2")/${link%%#*} anchor=${link#*#}
		[ -n "${link%%#*}" ] || file=$2
		[ -e "$file" ] || dead+=" $link"
		[ "$anchor" = "$link" ] ||
			anchors "$file" | grep -qxF -e "$anchor" ||
			dead+=" $link"
	done < <(grep -oE '\]\([^) ]+\)' "$2" | sed 's/^](//; s/)$//' |
		grep -v '^https*:')
	is "the links of $1" "$dead" ""
}

# names_options COMMAND...: README.md has all options that its help shows
names_options() {
	local option missing=

	try "$@" --help
	while read -r option; do
		[ "$option" = --help ] ||
			grep -qE -e "(^|[^a-z-])$option([^a-z_-]|\$)" \
				"$ROOT/README.md" || missing+=" $option"
	done < <(grep -oE '^  (-., )?--[a-zA-Z_-]+' "$OUT" | grep -oE -e '--.*')
	is "README.md names the options of $*" "$missing" ""
}

if [ -f "$ROOT/README.md" ]; then
	for command in generate generate-key verify; do
		names_options mfg_gen $command
	done
	for command in generate generate-key encrypt decrypt; do
		names_options nvs_partition_gen $command
	done
	names_options nvs_tool
	for command in check diff stat; do
		names_options nvs_tool $command
	done
	names_options factory_nvs_gen
	names_options factory_nvs_gen batch
	names_options mfg_nvs
fi

# run_pages NAME: all documents in $pages; NAME stands in front of theirs
number=0
run_pages() {
	local document name blocks file line

	for document in "$pages"/*.md "$pages"/docs/*.md; do
		[ -f "$document" ] || continue
		name=$1${document#"$pages"/}
		number=$((number + 1))
		check_links "$name" "$document"
		blocks=$LIB_DIR/blocks.$number
		cut_blocks "$document" "$blocks"
		project
		for file in "$blocks"/*.info; do
			[ -f "$file" ] || continue
			file=${file%.info}
			line=${file##*/}
			block "$name:$((10#$line))" "$(cat "$file.info")" "$file"
		done
	done
}

pages=$ROOT
run_pages ""
here=$number
[ "$here" -gt 0 ] || printf '# skipped: there are no documents\n'

try env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$ROOT" \
	--no-print-directory install BUILD="$BUILD" DESTDIR="$LIB_DIR/root" \
	PREFIX=/usr
succeeds "make install"
pages=$LIB_DIR/root/usr/share/doc/mfg-gen
PATH=$LIB_DIR/root/usr/bin:$PATH
run_pages "installed "
is "all pages are installed" "$((number - here))" "$here"
finish

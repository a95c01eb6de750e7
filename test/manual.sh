#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The manual pages: every option of every command in its page and the other
# way round, every argument, the parts a page has to have; what a checker of
# such pages says; and the examples, which have to work as they stand.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

# The options in a help: "-h --help" a line.
help_options() {
	sed -nE 's/^  (-[a-z], )?(--[a-z0-9_-]+)( .*)?$/\1\2/p' "$1" |
		tr -d , | LC_ALL=C sort
}

# Those in the subsection of a page that is called like the command.
page_options() {
	awk -v title="$2" '
		/^\.S[sh] / { inside = $0 == ".Ss " title }
		inside && /^\.It Fl / {
			line = ""
			for (i = 2; i <= NF; i++)
				if ($i == "Fl")
					line = line (line == "" ? "" : " ") "-" $(++i)
				else if ($i == "Ar" || $i == "Cm")
					break
			print line
		}' "$1" | LC_ALL=C sort
}

# The names of the arguments in a help.
help_arguments() {
	sed -n '1d; s/^  \([A-Za-z_]*\)\(\.\.\.\)\{0,1\}   .*/\1/p' "$1"
}

# compare TOOL TITLE COMMAND...: the help that the command prints
compare() {
	local page=$ROOT/cmd/$1.1 title=$2 argument
	shift 2
	try "$@"
	succeeds "$title: there is help"
	is "$title: the page has the options of the help" \
		"$(page_options "$page" "$title")" "$(help_options "$OUT")"
	for argument in $(help_arguments "$OUT"); do
		grep -qE "^\.It Ar $argument( |$)" "$page" ||
			fail "$title: argument $argument" "not in $page"
	done
}

for command in "mfg_gen generate" "mfg_gen generate-key" "mfg_gen verify" \
	"nvs_partition_gen generate" "nvs_partition_gen encrypt" \
	"nvs_partition_gen decrypt" "nvs_partition_gen generate-key" \
	"nvs_tool" "nvs_tool check" "nvs_tool diff" "nvs_tool stat" \
	"factory_nvs_gen" "factory_nvs_gen batch" "mfg_nvs"; do
	# shellcheck disable=SC2086 # program and command
	compare "${command%% *}" "$command" $command --help
done
compare nvs_partition_gen "nvs_partition_gen" nvs_partition_gen x.csv --help

# No section for a command that is not there: all of them were compared.
is "as many sections as commands" "$(cat "$ROOT"/cmd/*.1 | grep -c '^\.Ss')" 15

for tool in mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs; do
	page=$ROOT/cmd/$tool.1 missing=
	for part in NAME SYNOPSIS DESCRIPTION FILES "EXIT STATUS" EXAMPLES \
		"SEE ALSO"; do
		grep -qx "\.Sh $part" "$page" || missing="$missing $part"
	done
	is "$tool: all parts are there" "$missing" ""
	is "$tool: the pages it points to are there" "$(sed -n \
		's/^\.Xr \([a-z_]*\) 1.*/\1/p' "$page" | while read -r other; do
		[ -e "$ROOT/cmd/$other.1" ] || echo "$other"
	done)" ""
	if command -v mandoc >/dev/null; then
		# Pages that are not installed here are not its business.
		is "$tool: mandoc is content" "$(mandoc -T lint -W style "$page" |
			grep -v 'referenced manual not found')" ""
	elif command -v groff >/dev/null; then
		is "$tool: groff is content" \
			"$(groff -ww -mandoc -Tutf8 -z "$page" 2>&1)" ""
	else
		skip "$tool: the page's form" "neither mandoc nor groff is there"
	fi
done

# ---- examples ----

# The commands of a page's examples as a script.
examples() {
	awk '/^\.Sh / { inside = $2 == "EXAMPLES" }
		!inside { next }
		/^\.Bd -literal/ { literal = 1; next }
		/^\.Ed/ { literal = 0; next }
		literal { print }
		/^\.Dl / { print substr($0, 5) }' "$1" | sed 's/\\e$/\\/'
}

# What they take for granted, in an empty directory: samples under their names.
provide() {
	local samples=$ROOT/samples

	find "$T" -mindepth 1 -delete
	cp -r "$samples" samples
	cp samples/sample_config.csv conf.csv
	cp samples/sample_values_singlepage_blob.csv values.csv
	cp samples/partitions.csv .
	cp -r samples/esp-at .
	{
		try mfg_gen generate conf.csv values.csv P 0x3000 --outdir made
		cp made/csv/P-1.csv settings.csv
		nvs_partition_gen generate settings.csv device.bin 0x6000
		mkdir bin
		cp device.bin bin
		nvs_partition_gen encrypt settings.csv secret.bin 0x6000 \
			--keygen --keyfile keys-secret.bin
	} >/dev/null 2>&1
	# An editor that is content with what it sees.
	mkdir editor
	ln -s "$(type -P true)" editor/vi
}

for tool in mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs; do
	provide
	examples "$ROOT/cmd/$tool.1" >script
	is "$tool: there are examples" "$(($(grep -c "$tool" script) > 0))" 1
	HOME=$T PATH=$T/editor:$PATH try bash -eu script
	succeeds "$tool: they work"
done
finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# flash-from-manifest.sh - flash devices with the images that a manifest of
# mfg_gen lists, each file checked against its SHA-256 before anything is
# written. --help shows how.
#
# What was flashed is noted in a file of ids, one per line, each line written
# whole and synced once esptool has said that all is well. A station that lost
# power in between flashes the same bytes once more, which does no harm.
set -eu
name=${0##*/}

usage() {
	cat <<EOF
usage: $name [option...] manifest id...
       $name [option...] --next manifest
       $name [option...] --left manifest

Flash the device that is connected with the image of an id, with esptool.

  manifest          as mfg_gen generate --manifest wrote it
  id...             the ids to flash, one device after the other
  --next            the first id of the manifest that is not flashed yet
  --left            flash nothing, list the ids that are not flashed yet
  --outdir DIR      where bin/ and keys/ are (default: .)
  --offset N        where the image goes, if the manifest has no offset
  --key-offset N    where the key partition goes
  --key-file F      the key partition of all devices (images that were made
                    with --inputkey)
  --no-keys         no key goes into the flash: the chip derives it from an
                    HMAC key in its eFuses
  --encrypt-keys    flash encryption is on already: have the chip encrypt the
                    key partition
  --done FILE       the ids that are flashed (default: <manifest>.done)
  --again           flash an id that is in there, too

Environment: ESPTOOL is the command with its first options, such as
"esptool.py --chip esp32s3 --baud 921600" (default: esptool.py, or esptool
where that is missing). esptool itself reads ESPTOOL_PORT and the like.

Exit status: 0 flashed, 1 something is wrong, 2 wrong usage, 3 nothing is left
for --next.
EOF
}

wrong_usage() {
	echo "$name: error: $*; $name --help shows the options" >&2
	exit 2
}

fail() {
	echo "$name: error: $*" >&2
	exit 1
}

# number OPTION TEXT: a flash offset; esptool would take a bad one for a file
number() {
	case ${2#0[xX]} in
	'' | *[!0-9a-fA-F]*) wrong_usage "$1: '$2' is no flash offset" ;;
	esac
}

outdir=. offset='' key_offset='' key_file='' keys=yes encrypt='' done_file=''
again='' mode=ids
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	--next | --left) mode=${1#--} ;;
	--no-keys) keys=no ;;
	--encrypt-keys) encrypt=yes ;;
	--again) again=yes ;;
	--outdir | --offset | --key-offset | --key-file | --done)
		[ $# -gt 1 ] || wrong_usage "$1 needs a value"
		case $1 in
		--outdir) outdir=$2 ;;
		--offset) number "$1" "$2" && offset=$2 ;;
		--key-offset) number "$1" "$2" && key_offset=$2 ;;
		--key-file) key_file=$2 ;;
		--done) done_file=$2 ;;
		esac
		shift
		;;
	--) shift && break ;;
	-*) wrong_usage "unknown option $1" ;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || wrong_usage "the manifest is missing"
manifest=$1
shift
case $mode,$# in
ids,0) wrong_usage "an id is missing" ;;
ids,*) ;;
*,0) ;;
*) wrong_usage "--$mode takes no id" ;;
esac
[ "$keys" = yes ] || [ -z "$key_offset$key_file$encrypt" ] ||
	wrong_usage "--no-keys excludes the other options about keys"
[ -z "$key_file" ] || [ -n "$key_offset" ] ||
	wrong_usage "--key-file needs --key-offset"
[ -r "$manifest" ] || fail "cannot read the manifest '$manifest'"
: "${done_file:=$manifest.done}"

# select WHAT [ID]: rows of the manifest, as fields between unit separators,
# which no cell can hold: id, bin, sum, keys, sum, offset. WHAT is "id", or
# "next" or "left", which give what is not flashed yet.
select_rows() {
	WHAT=$1 ID=${2-} DONE=$done_file MANIFEST=$manifest NAME=$name awk '
	# Cut a line of CSV into cell[1] ... cell[n]; return n.
	function cut(line,    n, q, value) {
		for (n = 1; ; n++) {
			value = ""
			if (substr(line, 1, 1) == "\"") {
				line = substr(line, 2)
				while ((q = index(line, "\"")) > 0) {
					value = value substr(line, 1, q - 1)
					line = substr(line, q + 1)
					if (substr(line, 1, 1) != "\"")
						break
					value = value "\""
					line = substr(line, 2)
				}
			} else {
				q = index(line, ",")
				value = q ? substr(line, 1, q - 1) : line
				line = q ? substr(line, q) : ""
			}
			cell[n] = value
			if (substr(line, 1, 1) != ",")
				return n
			line = substr(line, 2)
		}
	}
	function field(name) {
		return name in column ? cell[column[name]] : ""
	}
	BEGIN {
		what = ENVIRON["WHAT"]
		while ((getline line < ENVIRON["DONE"]) > 0)
			flashed[line] = 1
	}
	{ sub(/\r$/, ""); count = cut($0) }
	NR == 1 {
		for (i = 1; i <= count; i++)
			column[cell[i]] = i
		width = count
		if ("id" in column && "bin" in column && "bin_sha256" in column)
			next
		print ENVIRON["NAME"] ": error: \047" ENVIRON["MANIFEST"] \
			"\047 is no manifest: no columns id, bin, bin_sha256" \
			> "/dev/stderr"
		exit 1
	}
	count != width {
		print ENVIRON["NAME"] ": error: " ENVIRON["MANIFEST"] ":" NR \
			": " count " cells, expected " width > "/dev/stderr"
		exit 1
	}
	what == "id" ? field("id") != ENVIRON["ID"] : field("id") in flashed {
		next
	}
	what == "left" { print field("id"); next }
	{
		printf "%s\037%s\037%s\037%s\037%s\037%s\n", field("id"),
			field("bin"), field("bin_sha256"), field("keys"),
			field("keys_sha256"), field("offset")
		exit
	}' "$manifest"
}

# Lines of the file of ids count when they are whole.
mend_done() {
	touch "$done_file" || fail "cannot write '$done_file'"
	exec 9<"$done_file"
	flock 9
	if [ -s "$done_file" ] && [ -n "$(tail -c 1 "$done_file")" ]; then
		sed -i '$d' "$done_file"
	fi
	exec 9<&-
}

note_done() {
	grep -qxF -e "$1" "$done_file" && return
	printf '%s\n' "$1" >>"$done_file" && sync "$done_file"
}

# check_sum FILE SUM
check_sum() {
	[ -r "$1" ] || fail "$id: cannot read '$1': nothing was flashed"
	[ "$(sha256sum <"$1")" = "$2  -" ] ||
		fail "$id: '$1' is not what $manifest says (SHA-256):" \
			"nothing was flashed; look at it with mfg_gen verify"
}

# What goes into the flash beside the image: set key_from.
choose_key() {
	key_from=$key_file
	if [ "$keys" = yes ] && [ -n "$key" ]; then
		[ -z "$key_file" ] || fail "$id has a key of its own, '$key':" \
			"leave --key-file out"
		[ -n "$key_offset" ] || fail "$id has a key, '$key': say where" \
			"it goes with --key-offset, or --no-keys if the" \
			"chip has it in its eFuses"
		key_from=$outdir/$key
		check_sum "$key_from" "$key_sum"
	fi
	if [ -z "$key_from" ]; then
		[ -z "$key_offset" ] || fail "$id has no key in $manifest:" \
			"name the one of all devices with --key-file"
	elif [ "$(wc -c <"$key_from")" -ne 4096 ]; then
		fail "$id: '$key_from' is no key partition of 4096 bytes"
	fi
}

# flash ROW: one device
flash() {
	IFS=$(printf '\037') read -r id bin sum key key_sum at <<EOF
$1
EOF
	if [ -z "$again" ] && grep -qxF -e "$id" "$done_file"; then
		fail "$id is flashed already, says '$done_file':" \
			"--again flashes it once more"
	fi
	at=${offset:-$at}
	[ -n "$at" ] || fail "$manifest has no offsets: give --offset," \
		"or make it with --partition-table"
	check_sum "$outdir/$bin" "$sum"
	choose_key
	set -- write_flash "$at" "$outdir/$bin"
	if [ -n "$key_from" ]; then
		[ -z "$encrypt" ] || set -- "$@" --encrypt-files
		set -- "$@" "$key_offset" "$key_from"
	fi
	# shellcheck disable=SC2086 # a command with options
	${ESPTOOL:-$default_esptool} "$@" ||
		fail "$id: esptool failed; the device is not noted as flashed"
	note_done "$id" || fail "$id is flashed, but '$done_file' could not" \
		"be written"
	echo "$id: flashed $at $outdir/$bin${key_from:+ $key_offset $key_from}"
}

default_esptool=esptool.py
command -v esptool.py >/dev/null || default_esptool=esptool
case $mode in
left)
	select_rows left
	;;
next)
	exec 8<"$manifest"
	flock -n 8 || fail "another station flashes from '$manifest' with" \
		"--next: give each a manifest of its own, or ids"
	mend_done
	row=$(select_rows next)
	if [ -z "$row" ]; then
		echo "all of $manifest is flashed"
		exit 3
	fi
	flash "$row"
	;;
ids)
	mend_done
	for wanted; do
		row=$(select_rows id "$wanted")
		[ -n "$row" ] || fail "the id '$wanted' is not in $manifest"
		flash "$row"
	done
	;;
esac

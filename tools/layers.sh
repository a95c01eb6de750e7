#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# layers.sh [BUILD] - the rules of the source tree that no compiler keeps:
#
#   includes    base <- nvs <- csv, product <- batch <- cmd; siblings are
#               strangers, except that product may read tables with csv's;
#               foreign libraries only where they are meant to be
#   calls       nothing in lib/ prints, exits or looks at the environment
#   symbols     what lib/ exports is declared in a header; it has no data
#               that can change, but for the allocator that tests replace
#
# The last two look into the object files below BUILD (default build), and
# are left out where there are none or sanitizers have added their own.
# One line per breach, exit status 1 when there is any.
# LAYERS_ROOT: another tree than this one (for the test of this script).

set -u
cd "${LAYERS_ROOT:-$(dirname "$0")/..}" || exit 1
BUILD=${1:-${BUILD:-build}}
breaches=0

breach() {
	echo "$*"
	breaches=$((breaches + 1))
}

# Which layers a layer may include from, itself left out.
below() {
	case $1 in
	base) ;;
	nvs) echo base ;;
	csv | product) echo base nvs ;;
	batch) echo base nvs csv product ;;
	cmd) echo base nvs csv product batch ;;
	esac
}

# The one arrow between siblings: from a folder to a header of another.
sibling_allowed() {
	[ "$1 $2" = "product csv_table.h" ]
}

# Which source files may include the headers of a library.
foreign_allowed() {
	case $1 in
	csv.h)
		[ "$2" = lib/csv/table.c ]
		;;
	mbedtls/* | psa/*)
		case $2 in
		lib/base/digest.c | lib/base/random.c | lib/base/text.c | \
			lib/nvs/crypt.c | lib/nvs/keys.c | lib/nvs/wifi.c | \
			lib/product/parttable_binary.c | lib/product/srp.c) ;;
		*) return 1 ;;
		esac
		;;
	zlib.h)
		[[ $2 == lib/nvs/* ]]
		;;
	cjson/*)
		[[ $2 == cmd/dump*.c || $2 == lib/product/* ]]
		;;
	png.h | qrencode.h)
		[[ $2 == cmd/label.c || $2 == lib/product/* ]]
		;;
	esac
}

# The layer of a public header is that of the source that implements it:
# include/nvs_keys.h is lib/nvs/keys.c, include/text.h is lib/base/text.c.
# A header with no source of its own goes by its first word, else base.
layer_of_header() {
	local name=${1%.h} layer
	for layer in base nvs csv product batch; do
		if [ -e "lib/$layer/$name.c" ] ||
			{ [[ $name == "${layer}_"* ]] &&
				[ -e "lib/$layer/${name#*_}.c" ]; }; then
			echo "$layer"
			return
		fi
	done
	case $name in
	nvs_* | csv_* | product_* | batch_*) echo "${name%%_*}" ;;
	mfg_*) echo batch ;;
	*) echo base ;;
	esac
}

layer_of_file() {
	case $1 in
	lib/*/*) cut -d/ -f2 <<<"$1" ;;
	cmd/*) echo cmd ;;
	include/*) layer_of_header "${1#include/}" ;;
	esac
}

check_own_include() {
	local file=$1 line=$2 header=$3 layer target

	layer=$(layer_of_file "$file")
	if [[ $header == */* ]]; then
		breach "$file:$line: \"$header\" climbs; a public header has" \
			"no path"
		return
	elif [ -e "$(dirname "$file")/$header" ] && [[ $file != include/* ]]; then
		return # private to its folder
	elif [ ! -e "include/$header" ]; then
		breach "$file:$line: \"$header\" is neither beside it nor in" \
			"include/"
		return
	fi
	target=$(layer_of_header "$header")
	[ "$target" = "$layer" ] && return
	[[ " $(below "$layer" | tr '\n' ' ')" == *" $target "* ]] && return
	sibling_allowed "$layer" "$header" && return
	breach "$file:$line: $layer includes \"$header\" of $target"
}

check_includes() {
	local file line header

	while IFS=: read -r file line header; do
		case $header in
		\"*) check_own_include "$file" "$line" "${header//\"/}" ;;
		\<*)
			header=${header#<}
			foreign_allowed "${header%>}" "$file" ||
				breach "$file:$line: <${header%>}> has no" \
					"place here"
			;;
		esac
	done < <(grep -nHE '^[[:space:]]*#[[:space:]]*include' \
		lib/*/*.[ch] cmd/*.[ch] include/*.h 2>/dev/null |
		sed -E 's/#[[:space:]]*include[[:space:]]*//; s/([>"])[^>"]*$/\1/' |
		sed -E 's/:[[:space:]]+/:/')
}

# What the C library offers that a library of ours does not call.
FORBIDDEN='printf|vprintf|puts|putchar|perror|psignal
stdout|stderr|stdin|getchar|gets|scanf|err|errx|warn|warnx|error
exit|_exit|_Exit|quick_exit|abort|atexit|raise|system|popen|setlocale|syslog
getenv|secure_getenv|setenv|putenv|rand|srand|random|srandom|strtok|localtime
malloc|calloc|realloc|free|reallocarray|strdup|strndup|asprintf|vasprintf'
FORBIDDEN="^($(tr '\n' '|' <<<"$FORBIDDEN" | sed 's/|*$//'))\$"

# Where one of them has its place after all.
call_allowed() {
	case "$1 $2" in
	"lib/base/file_path.c getenv") ;;   # HOME, for a leading ~
	"lib/batch/inputs.c getenv") ;;     # TMPDIR, for a table from a pipe
	"lib/product/parttable.c getenv") ;; # $NAME in an offset's file
	"lib/base/buf.c malloc" | "lib/base/buf.c realloc" | \
		"lib/base/buf.c free") ;;
	*) return 1 ;;
	esac
}

# The symbols of an object: "calls NAME", "exports NAME" (a function), "keeps
# NAME" (data that can be written to; constants that only the loader writes
# to are in sections of their own). glibc has functions twice: __printf_chk,
# which gcc takes for printf with _FORTIFY_SOURCE (Ubuntu's by itself), and
# __isoc99_scanf, __isoc23_scanf (since glibc 2.38).
symbols() {
	objdump -t "$1" | awk '
		!/^[0-9a-f]+ / { next }
		{ sub(/ \.hidden /, " ") } # not seen outside the library
		{ flags = substr($0, 18, 7); section = $(NF - 2); name = $NF }
		section == "*UND*" {
			sub(/^__isoc[0-9]+_/, "", name)
			if (name ~ /^__.*_chk$/)
				name = substr(name, 3, length(name) - 6)
			print "calls", name
			next
		}
		flags ~ /F/ && flags ~ /^.?g/ { print "exports", name }
		flags ~ /O/ && section ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ &&
			section !~ /^\.data\.rel\.ro/ { print "keeps", name }'
}

check_symbol() {
	local source=$1 symbol=$3

	case $2 in
	calls)
		[[ $symbol =~ $FORBIDDEN ]] || return
		call_allowed "$source" "$symbol" ||
			breach "$source: calls $symbol()"
		;;
	exports)
		grep -qwF -e "$symbol" include/*.h "${source%/*}"/*.h ||
			breach "$source: $symbol() is neither static nor" \
				"declared in a header"
		;;
	keeps)
		# What the tests replace to see an allocation fail.
		[ "$source $symbol" = "lib/base/buf.c realloc_fn" ] ||
			breach "$source: $symbol can change: a library has" \
				"no state of its own"
		;;
	esac
}

check_objects() {
	local object source kind symbol

	for object in "$BUILD"/obj/lib/*/*.o; do
		source=${object#"$BUILD"/obj/}
		source=${source%.o}.c
		[ -e "$source" ] || continue # of a source that is gone
		while read -r kind symbol; do
			check_symbol "$source" "$kind" "$symbol"
		done < <(symbols "$object")
	done
}

check_includes
if [ -z "${SAN:-}" ] && [ -d "$BUILD/obj/lib" ]; then
	check_objects
fi
[ "$breaches" -eq 0 ]

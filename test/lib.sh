# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib.sh - what the shell tests share. A test begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# works in the scratch directory it then finds itself in ($T, removed at the
# end), and ends with "finish". Each check has a name, is counted, and prints
# "ok - NAME" or "not ok - NAME" with what was expected and what was there.
#
#	$ROOT    the project           $BUILD   absolute, where the tools are
#	$T       scratch directory     $status  of the last "run"
#	$OUT     file: its stdout      $ERR     file: its stderr
#
# "try COMMAND..." runs it as if typed; commands of the project are found by
# name (mfg_gen, nvs_tool, ...).

set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# A relative BUILD is one of the project's root, as for make.
case ${BUILD:=build} in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
export ROOT BUILD
export PATH="$BUILD:$PATH" LC_ALL=C
# Sanitizers: a report must not look like an exit status of ours.
export ASAN_OPTIONS="exitcode=99:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="exitcode=99:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="exitcode=99:${TSAN_OPTIONS:-}"

LIB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/nvsgen-test-XXXXXX") || exit 1
T=$LIB_DIR/work OUT=$LIB_DIR/stdout ERR=$LIB_DIR/stderr
export T
mkdir "$T" && cd "$T" || exit 1
trap 'rm -rf "$LIB_DIR"' EXIT
trap 'exit 130' INT TERM HUP
touch "$OUT" "$ERR"

checks=0 failures=0 status=0 last_command=

# Skip the whole file unless these programs of the project were built.
need_tools() {
	local tool
	for tool; do
		[ -x "$BUILD/$tool" ] && continue
		printf '# skipped: %s was not built\n1..0\n' "$tool"
		exit 0
	done
}

pass() {
	checks=$((checks + 1))
	printf 'ok - %s\n' "$1"
}

# fail NAME [LINE...]
fail() {
	local name=$1
	shift
	checks=$((checks + 1)) failures=$((failures + 1))
	printf 'not ok - %s\n' "$name"
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

skip() {
	printf '# skipped: %s: %s\n' "$1" "$2"
}

# What the last command was and said, for a failing check.
last_run() {
	printf 'command: %s\nstatus:  %s\n' "$last_command" "$status"
	printf 'stdout:  %s\n' "$(head -c 600 "$OUT" | tr '\0' '?')"
	printf 'stderr:  %s\n' "$(head -c 1500 "$ERR" | tr '\0' '?')"
}

# Run a command: status in $status, output in $OUT and $ERR. A command that
# hangs is ended after two minutes (status 124).
try() {
	last_command=$*
	status=0
	timeout -k 5 120 "$@" >"$OUT" 2>"$ERR" </dev/null || status=$?
}

# The same with the last argument given as standard input.
try_with_input() {
	local input=${!#}
	last_command="${*:1:$#-1} <<< ..."
	status=0
	printf '%s' "$input" |
		timeout -k 5 120 "${@:1:$#-1}" >"$OUT" 2>"$ERR" || status=$?
}

# A crash or a sanitizer's report, which no check may take for an answer.
crashed() {
	[ "$status" -ge 99 ] ||
		grep -qE 'Sanitizer|runtime error:' "$ERR"
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:      $2" "expected: $3"
	fi
}

# ok NAME COMMAND...: the command succeeds
ok() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "failed: $*" "$said"
	fi
}

# not_ok NAME COMMAND...: the command fails
not_ok() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		fail "$name" "should have failed: $*" "$said"
	else
		pass "$name"
	fi
}

# same NAME FILE WANTED: equal bytes
same() {
	local said
	if said=$(cmp -- "$2" "$3" 2>&1); then
		pass "$1"
	else
		fail "$1" "$said"
	fi
}

# Directories, files with their sizes, symbolic links below DIR, sorted. A
# directory that is not there looks like an empty one.
tree() {
	[ -d "$1" ] || return 0
	(cd "$1" && find . -mindepth 1 \( -type d -printf '%P/\n' \) -o \
		\( -type f -printf '%P %s\n' \) -o -printf '%P (%y)\n' |
		LC_ALL=C sort)
}

# The names of the files below DIR, sorted, on one line.
files() {
	[ ! -d "$1" ] || find "$1" -type f -printf '%P\n' | LC_ALL=C sort |
		paste -sd ' ' -
}

# What stands below DIR with contents: to see that nothing was touched.
fingerprint() {
	[ -d "$1" ] || return 0
	tree "$1"
	(cd "$1" && find . -type f -print0 | LC_ALL=C sort -z |
		xargs -0 -r sha256sum)
}

# tree_is NAME DIR LINE...: exactly these
tree_is() {
	local name=$1 dir=$2
	shift 2
	is "$name" "$(tree "$dir")" "$([ $# -eq 0 ] || printf '%s\n' "$@")"
}

# succeeds NAME: the last "try" ended with 0 and no report of a sanitizer
succeeds() {
	if [ "$status" -eq 0 ] && ! crashed; then
		pass "$1"
	else
		fail "$1" "$(last_run)"
	fi
}

# Whether the text (fixed, whatever the case of letters) is in the file.
has() {
	grep -qiF -e "$2" -- "$1"
}

# says NAME TEXT...: each on stderr of the last "try"
says() {
	local name=$1 text
	shift
	for text; do
		has "$ERR" "$text" && continue
		fail "$name" "stderr lacks: $text" "$(last_run)"
		return
	done
	pass "$name"
}

# prints NAME TEXT...: each on stdout of the last "try"
prints() {
	local name=$1 text
	shift
	for text; do
		has "$OUT" "$text" && continue
		fail "$name" "stdout lacks: $text" "$(last_run)"
		return
	done
	pass "$name"
}

# What is in an image, seen without the libraries; see test/peek.c.
peek() {
	"$BUILD/test/peek" "$@"
}

# CRC-32 of standard input as peek shows it.
crc32() {
	gzip -c | tail -c 8 | od -An -t x4 -N 4 --endian=little | tr -d ' '
}

# holds NAME IMAGE LINE...: sound, and peek has each of these lines
holds() {
	local name=$1 seen line
	if ! seen=$(peek "$2" 2>&1); then
		fail "$name" "$seen" "$(last_run)"
		return
	fi
	shift 2
	for line; do
		grep -qxF -e "$line" <<<"$seen" && continue
		fail "$name" "expected: $line" "the image holds:" "$seen"
		return
	done
	pass "$name"
}

# holds_only NAME IMAGE LINE...: sound, and these are all lines of peek
holds_only() {
	local name=$1 image=$2
	shift 2
	is "$name" "$(peek "$image" 2>&1)" "$(printf '%s\n' "$@")"
}

# Whether the last "try" ended with STATUS by itself and stderr has each TEXT.
# "1 2" is either of them: where the input could be called either.
refused_with() {
	local wanted=$1 text
	shift
	if [[ " $wanted " != *" $status "* ]] || crashed; then
		echo "expected exit status ${wanted// / or }"
		return 1
	fi
	for text; do
		has "$ERR" "$text" && continue
		echo "stderr lacks: $text"
		return 1
	done
}

# refused NAME STATUS TEXT...: one check for status and message
refused() {
	local name=$1 said
	shift
	if said=$(refused_with "$@"); then
		pass "$name"
	else
		fail "$name" "$said" "$(last_run)"
	fi
}

# split_args WORD... -- REST...: into the caller's arrays "texts", which gets
# what stands before the first --, and "rest", which gets what is behind it.
# shellcheck disable=SC2034 # for the callers
split_args() {
	texts=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	rest=("${@:2}")
}

# refuses NAME STATUS TEXT... -- COMMAND...: the command is refused so, and
# leaves every file below the working directory as it was, and adds none.
refuses() {
	local name=$1 wanted=$2 before said
	local -a texts rest
	split_args "${@:3}"
	before=$(fingerprint "$T")
	try "${rest[@]}"
	if ! said=$(refused_with "$wanted" "${texts[@]}"); then
		fail "$name" "$said" "$(last_run)"
	elif [ "$before" != "$(fingerprint "$T")" ]; then
		fail "$name" "files are not as before:" \
			"$(diff <(printf '%s\n' "$before") \
				<(fingerprint "$T"))" "$(last_run)"
	else
		pass "$name"
	fi
}

# Begin anew in an empty directory.
fresh() {
	find "$T" -mindepth 1 -delete
}

# repeat COUNT CHARACTER
repeat() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}

# A key to encrypt with: bytes 11 and 22 in octal, and the CRC-32 they have.
make_key() {
	{
		repeat 32 '\021'
		repeat 32 '\042'
		printf '\054\357\317\074'
		repeat 4028 '\377'
	} >"$1"
}

# ---- batches of mfg_gen ----

# conf LINE..., vals LINE...: the two input files, conf in a fresh directory
conf() {
	fresh
	printf '%s\n' "$@" >conf.csv
}

vals() {
	printf '%s\n' "$@" >values.csv
}

mfg() {
	try mfg_gen generate conf.csv values.csv P 0x3000 --outdir out "$@"
}

# refuses_mfg NAME STATUS TEXT... -- ARGS...
refuses_mfg() {
	local -a texts rest
	split_args "$@"
	refuses "${texts[@]}" -- mfg_gen generate conf.csv values.csv P 0x3000 \
		--outdir out "${rest[@]}"
}

# ---- images of nvs_partition_gen ----

# input LINE...: a fresh directory with in.csv, the header put in front
input() {
	fresh
	printf '%s\n' key,type,encoding,value "$@" >in.csv
}

# The end of a test: run.sh takes a file without the plan for a dead one.
finish() {
	printf '1..%d\n' "$checks"
	[ "$failures" -eq 0 ]
	exit
}

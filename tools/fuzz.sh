#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh list                     the fuzz targets
# fuzz.sh run TARGET [SECONDS]     build it and let libFuzzer run (60 s)
# fuzz.sh minimise TARGET          put what a run has found that covers more
#                                  into test/fuzz/corpus, in its least form
# fuzz.sh cover [TARGET...]        lines that the recorded inputs reach
#
# A run begins with the recorded inputs and with seeds made from the tests'
# cases, and goes on where the last one stopped: what it finds is kept in
# build/fuzz/TARGET/found. An input that fails is build/fuzz/TARGET/crash-...
# (or timeout-, leak-, oom-), and the command that repeats it is printed.
#
# MAX_SIZE: inputs of more bytes are not recorded (default 2048).

set -u
cd "$(dirname "$0")/.." || exit 1
BIN=build/fuzz/build

die() {
	echo "fuzz.sh: $1" >&2
	exit 1
}

list() {
	local file
	for file in test/fuzz/fuzz_*.c; do
		file=${file##*/fuzz_}
		printf '%-12s' "${file%.c}"
		# The first sentence of the comment at its head
		sed -n '3,/[.:]/{s/^ \* //p}' "test/fuzz/fuzz_$file" |
			tr '\n' ' ' | sed 's/[.:].*/\n/'
	done
}

build() {
	[ -f "test/fuzz/fuzz_$1.c" ] || {
		echo "there is no fuzz target '$1'; these are:" >&2
		list >&2
		exit 2
	}
	tools/install-deps.sh --fuzz || exit 1
	make --no-print-directory -j"$(nproc)" SAN=fuzz CC=clang BUILD=$BIN \
		CFLAGS='-O1 -g' "$BIN/test/fuzz_$1" || exit 1
}

# Recorded inputs, those found before, and seeds.
prepare() {
	DIR=$PWD/build/fuzz/$1
	mkdir -p "$DIR/found" "test/fuzz/corpus/$1"
	rm -rf "$DIR/seeds"
	tools/fuzz-seeds.sh "$1" "$DIR/seeds" || exit 1
	options=(-max_len=8192 -timeout=25 -rss_limit_mb=2048
		-artifact_prefix="$DIR/" -print_final_stats=1)
	[ ! -f "test/fuzz/$1.dict" ] || options+=(-dict="test/fuzz/$1.dict")
}

run() {
	local target=$1 seconds=${2:-60} status=0 file
	build "$target"
	prepare "$target"
	"$BIN/test/fuzz_$target" "${options[@]}" -max_total_time="$seconds" \
		"$DIR/found" "$PWD/test/fuzz/corpus/$target" "$DIR/seeds" \
		2>&1 | tee "$DIR/log" || status=1
	[ "${PIPESTATUS[0]}" -eq 0 ] || status=1
	for file in "$DIR"/crash-* "$DIR"/timeout-* "$DIR"/leak-* "$DIR"/oom-*; do
		[ ! -f "$file" ] ||
			echo "repeat: $BIN/test/fuzz_$target ${file#"$PWD/"}"
	done
	return $status
}

minimise() {
	local target=$1 new
	build "$target"
	prepare "$target"
	new=$DIR/minimal
	rm -rf "$new"
	mkdir -p "$new"
	"$BIN/test/fuzz_$target" "${options[@]}" -max_len="${MAX_SIZE:-2048}" \
		-merge=1 "$new" "$PWD/test/fuzz/corpus/$target" "$DIR/found" \
		"$DIR/seeds" 2>&1 | tail -n 2 || die "it failed"
	find "$new" -type f -size -"${MAX_SIZE:-2048}"c |
		while read -r file; do
			cp -n "$file" "test/fuzz/corpus/$target/"
		done
	du -sb --apparent-size "test/fuzz/corpus/$target"
}

case ${1-} in
list) list ;;
run | minimise) "$@" ;;
*) die "usage: fuzz.sh list | run TARGET [SECONDS] | minimise TARGET" ;;
esac

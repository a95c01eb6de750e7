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
# MAX_SIZE: inputs of more bytes are not recorded (default 1024).
# COUNTERS=1: record inputs that pass the same places more often, too.

set -u -o pipefail
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
	for file in "$DIR"/{crash,timeout,leak,oom}-*; do
		[ ! -f "$file" ] ||
			echo "repeat: $BIN/test/fuzz_$target ${file#"$PWD/"}"
	done
	return $status
}

# Names and sizes of the recorded inputs of a target, in one line.
count() {
	find "test/fuzz/corpus/$1" -type f -printf '%s\n' |
		awk -v t="$1" '{ n += $1 }
			END { print t ": " NR " inputs, " n + 0 " bytes" }'
}

# Edges count, and, with COUNTERS=1, how often they are passed: far more inputs.
minimise() {
	local target=$1 new
	build "$target"
	prepare "$target"
	new=$DIR/minimal
	rm -rf "$new"
	mkdir -p "$new"
	"$BIN/test/fuzz_$target" "${options[@]}" -max_len="$MAX_SIZE" \
		-merge=1 -use_counters="${COUNTERS:-0}" "$new" \
		"$PWD/test/fuzz/corpus/$target" "$DIR/found" "$DIR/seeds" \
		>"$DIR/log.merge" 2>&1 || die "it failed: see $DIR/log.merge"
	find "$new" -type f -size -"$((MAX_SIZE + 1))"c \
		-exec cp -n {} "test/fuzz/corpus/$target/" \;
	count "$target"
}

# The sources that a target is about.
sources() {
	case $1 in
	csv) ls lib/csv/table.c ;;
	join) ls lib/csv/{schema,join,item}.c lib/nvs/{writer,names}.c ;;
	input) ls lib/csv/{input,item}.c lib/nvs/{writer,names,wifi}.c ;;
	image) ls lib/nvs/{reader,check,crypt,writer,entry}.c ;;
	tool) ls cmd/{dump,dump_json,view*,integrity,image_*}.c ;;
	parttable) ls lib/product/part*.c ;;
	generate) ls lib/batch/{batch,device,rows,name,ids,deliver}.c \
		lib/batch/{dir,stage*}.c \
		lib/batch/{manifest*,verify*,compare}.c ;;
	espat) ls lib/product/espat*.c ;;
	homekit) ls lib/product/homekit*.c lib/batch/plan.c ;;
	manifest) ls lib/batch/{manifest*,ids}.c lib/base/text.c \
		lib/nvs/keys.c ;;
	esac
}

# Replay all inputs there are, with each line of the sources counted.
cover_one() {
	local target=$1 bin=build/fuzz/cover/test/fuzz_$1
	local raw=build/fuzz/cover/$1
	rm -rf "$raw"
	mkdir -p "$raw"
	find "test/fuzz/corpus/$target" "build/fuzz/$target/found" -type f \
		-print0 2>/dev/null | LLVM_PROFILE_FILE=$PWD/$raw/%p.profraw \
		xargs -0 "$bin" >"$raw/log" || die "it failed: see $raw/log"
	llvm-profdata merge -o "$raw/all" "$raw"/*.profraw || exit 1
	# shellcheck disable=SC2046 # a list of words
	llvm-cov report "$bin" -instr-profile="$raw/all" $(sources "$target") |
		awk -v t="$target" '$1 == "TOTAL" {
			printf "%-10s %5d of %5d lines, %s\n", t,
				$8 - $9, $8, $10
		}'
}

cover() {
	local flags='-fprofile-instr-generate -fcoverage-mapping' target
	tools/install-deps.sh --fuzz || exit 1
	# shellcheck disable=SC2046 # a list of words
	[ $# -gt 0 ] || set -- $(list | cut -d' ' -f1)
	for target; do
		make --no-print-directory -j"$(nproc)" CC=clang \
			BUILD=build/fuzz/cover CFLAGS="-O1 -g $flags" \
			LDFLAGS="$flags" "build/fuzz/cover/test/fuzz_$target" \
			>build/fuzz/cover.log || exit 1
		cover_one "$target"
	done
}

MAX_SIZE=${MAX_SIZE:-1024}
case ${1-} in
list) list ;;
run | minimise)
	[ $# -ge 2 ] || die "$1: which target?"
	"$@"
	;;
cover) "$@" ;;
*) die "usage: list, run TARGET [SECONDS], minimise TARGET, cover [TARGET...]" ;;
esac

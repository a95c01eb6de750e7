#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bench.sh - how fast mfg_gen is beside the floor under it: a program that
# creates files of the same sizes with the same number of threads and does
# nothing else (floor.c). "make bench" builds both first.
#
# Runs alternate, so that what else the machine does meets all of them, and
# the median of at least five counts. What mfg_gen does for safety, the check
# of all rows and the sync to disk before anything becomes visible, is part
# of its time and not of the floor's. The check is shown by itself, and so is
# a floor that syncs at its end: what the disk takes, whoever writes.
#
#   BENCH_DIR      where files are made (default: build/bench and, if there is
#                  one, a directory in /dev/shm)
#   BENCH_DEVICES  devices of a timed run (default 20000)
#   BENCH_RUNS     runs of each kind (default 5)
#   BENCH_JOBS     threads (default: one per processor)
#   BENCH_ROWS     row counts of --check (default "10000 100000 1000000")
#   BENCH_MEMORY   device counts of the memory table (default "10000 100000")
#   BUILD          where the programs are (default build)

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
DEVICES=${BENCH_DEVICES:-20000} RUNS=${BENCH_RUNS:-5}
JOBS=${BENCH_JOBS:-$(nproc)}
ROWS=${BENCH_ROWS:-10000 100000 1000000}
MEMORY=${BENCH_MEMORY:-10000 100000}
SIZE=0x3000
tool=$(realpath "$BUILD/mfg_gen") floor=$(realpath "$BUILD/floor")
measure=$(realpath "$BUILD/measure") evict=$(realpath "$BUILD/evict")
export LC_ALL=C

give_up() {
	echo "bench.sh: $*" >&2
	exit 1
}

for program in "$tool" "$floor" "$measure" "$evict"; do
	[ -x "$program" ] || give_up "nothing is built in $BUILD: make bench"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/nvsgen-bench-XXXXXX") || exit 1
scratch=$work/none discarded=0
trap 'rm -rf "$work" "$scratch"' EXIT
trap 'exit 130' INT TERM

# ---- measuring ----

# measured NAME COMMAND...: a line "WALL USER SYSTEM KIB ALL CPU" (see
# measure.c; CPU is user and system time) is added to the file NAME.
measured() {
	local name=$1
	shift
	"$measure" "$work/line" "$@" >"$work/out" 2>&1 ||
		give_up "failed: $*: $(tail -n 3 "$work/out")"
	awk '{ print $0, $2 + $3 }' "$work/line" >>"$work/$name"
}

# median NAME COLUMN
median() {
	cut -d' ' -f"$2" "$work/$1" | sort -n |
		awk '{ v[NR] = $1 }
			END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# calc EXPRESSION [FORMAT]
calc() {
	awk "BEGIN { printf \"${2:-%.2f}\", ($1) }"
}

inputs() {
	[ -e "$work/$1/values.csv" ] && return
	mkdir "$work/$1" || exit 1
	tools/batch-inputs.sh "$1" "$work/$1" || give_up "no inputs"
}

# generate COUNT ARGS...: the command's words into "command"
generate() {
	local dir=$work/$1
	shift
	command=("$tool" generate "$dir/conf.csv" "$dir/values.csv" Lot "$SIZE"
		--fileid id --jobs "$JOBS" --quiet "$@")
}

file_system() {
	df --output=fstype "$1" | tail -n 1
}

# What a run has made is out of the way of the next. On a disk it stays until
# the end: ext4 is slow to create files right after many were deleted. But it
# is written, or the next sync would wait for it, and no longer in memory.
discard() {
	case $(file_system "$scratch") in
	tmpfs) rm -rf "$scratch/out" ;;
	*)
		discarded=$((discarded + 1))
		mkdir -p "$scratch/old"
		mv "$scratch/out" "$scratch/old/$discarded"
		sync -f "$scratch"
		"$evict" "$scratch/old/$discarded" || exit 1
		;;
	esac
}

# run floor|synced|tool KIND, measured
run() {
	local -a keys=() size=() sync=()
	[ "$2" = plain ] || keys=(--keygen) size=("$key_size")
	case $1 in
	floor | synced)
		[ "$1" = floor ] || sync=(--sync)
		measured "$1$2" "$floor" "${sync[@]}" "$scratch/out" "$DEVICES" \
			"$JOBS" "$csv_size" "$((SIZE))" "${size[@]}"
		;;
	tool)
		generate "$DEVICES" --outdir "$scratch/out" "${keys[@]}"
		measured "tool$2" "${command[@]}"
		;;
	esac
	discard
}

# ---- the tables ----

# The sizes of a device's files as mfg_gen makes them, CSV on average.
find_sizes() {
	generate "$DEVICES" --outdir "$scratch/out" --keygen
	"${command[@]}" >/dev/null || give_up "failed: ${command[*]}"
	csv_size=$(find "$scratch/out/csv" -type f -printf '%s\n' |
		awk '{ sum += $1 } END { printf "%d", sum / NR }')
	key_size=4096
	discard
}

# A row of the table from the runs of floor and tool, and the check alone.
speed_row() {
	local kind=$1 limit=$2 wall low synced user check cpu least
	wall=$(median "tool$kind" 1) low=$(median "floor$kind" 1)
	synced=$(median "synced$kind" 1)
	user=$(median "tool$kind" 2) check=$(median check 1)
	cpu=$(median "synced$kind" 5)
	least=$(calc "$cpu / $(nproc) / $low")
	least=$(calc "$least > 1 ? $least : 1")
	cpu=$(calc "$(median "tool$kind" 5) / $cpu")
	printf '%-9s %8.3f %9.3f %8.3f %7.2f %7.2f %7.2f %8.2f %9.2f %7.2f %6.0f%%\n' \
		"$kind" "$low" "$synced" "$wall" "$(calc "$wall / $low")" \
		"$limit" "$least" "$(calc "$wall / $synced")" "$cpu" \
		"$(calc "$user / $DEVICES * 1e6")" \
		"$(calc "100 * $check / $wall" %.0f)"
}

speed_table() {
	local n i kind turns=(floor synced tool)
	rm -f "$work"/tool* "$work"/floor* "$work"/synced* "$work"/check
	inputs "$DEVICES"
	find_sizes
	for ((n = 0; n < RUNS; n++)); do
		for kind in plain keygen; do
			# What comes later may find another state.
			for ((i = 0; i < 3; i++)); do
				run "${turns[(n + i) % 3]}" $kind
			done
		done
		generate "$DEVICES" --outdir "$scratch/out" --check
		measured check "${command[@]}"
	done
	printf '\n%s devices on %s (%s), %s threads, medians of %s runs:\n' \
		"$DEVICES" "$scratch" "$(file_system "$scratch")" "$JOBS" "$RUNS"
	echo "           floor s  and sync mfg_gen s   ratio  target   least" \
		" to sync CPU ratio user us   check"
	speed_row plain 1.40
	speed_row keygen 1.50
	echo "ratio: to the floor; least: for whoever syncs; to sync and CPU" \
		"ratio (of the whole machine): to the floor with sync"
	printf 'a device: floor %.1f and %.1f us, CSV of %d bytes, image of %d\n' \
		"$(calc "$(median floorplain 1) / $DEVICES * 1e6")" \
		"$(calc "$(median floorkeygen 1) / $DEVICES * 1e6")" \
		"$csv_size" "$((SIZE))"
	echo "targets: user at most 10 us plain, 20 with --keygen; check at" \
		"most a quarter"
}

# memory_row WHAT COUNT: from the last line of "run"
memory_row() {
	local wall user kib
	read -r wall user _ kib _ < <(tail -n 1 "$work/run")
	printf '%-22s %8d %9.2f %9.2f %8.1f %8.1f\n' "$1" "$2" "$wall" \
		"$(calc "$user / $2 * 1e6")" "$(calc "$kib / 1024")" \
		"$(calc "32 + 64 * $2 / 1048576")"
}

memory_table() {
	local count
	printf '\npeak memory and time, one run each on %s (%s):\n' \
		"$scratch" "$(file_system "$scratch")"
	echo "                        devices    wall s   user us      MiB " \
		"  limit"
	for count in $MEMORY; do
		inputs "$count"
		for keys in '' --keygen; do
			# shellcheck disable=SC2086 # none or one word
			generate "$count" --outdir "$scratch/out" $keys
			measured run "${command[@]}"
			memory_row "generate $keys" "$count"
			discard
		done
	done
	for count in $ROWS; do
		inputs "$count"
		generate "$count" --outdir "$scratch/out" --check
		measured run "${command[@]}"
		memory_row "generate --check" "$count"
	done
}

# Files of the whole disk run, kept until its end.
enough_room() {
	local runs=$((RUNS * 6 + 1))
	local need=$((DEVICES * runs * 20 / 1024))
	local free
	free=$(df -m --output=avail "$1" | tail -n 1)
	[ "$(file_system "$1")" = tmpfs ] && need=$((need / runs + 3000))
	[ "$free" -gt "$need" ] ||
		give_up "$1 has $free MiB free, $need are needed: fewer" \
			"BENCH_DEVICES, or another BENCH_DIR"
}

printf 'machine: %s, %s of %s processors, %s, %s\n' \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
	"$(nproc)" "$(nproc --all)" "$(uname -sr)" \
	"load $(cut -d' ' -f1 /proc/loadavg) at the start"

dirs=("${BENCH_DIR:-$BUILD/bench}")
[ -n "${BENCH_DIR:-}" ] || [ ! -d /dev/shm ] || [ ! -w /dev/shm ] ||
	dirs+=(/dev/shm)
for dir in "${dirs[@]}"; do
	mkdir -p "$dir"
	enough_room "$dir"
	scratch=$(mktemp -d "$dir/nvsgen-bench-XXXXXX") || exit 1
	speed_table
	[ "$dir" != "${dirs[-1]}" ] || memory_table
	rm -rf "$scratch"
done

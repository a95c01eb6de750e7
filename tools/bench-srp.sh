#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bench-srp.sh - how fast HomeKit setup data is made: one SRP verifier beside
# OpenSSL's BN_mod_exp on the same numbers, and whole batches per core beside
# their verifiers. "make bench" builds first and calls this.
#
#   BENCH_ACCESSORIES  in a batch (default 2000)
#   BENCH_RUNS         runs of each kind (default 5), medians count
#   BENCH_JOBS         threads of the second batch (default: one per processor)
#   BUILD              where the programs are (default build)

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
COUNT=${BENCH_ACCESSORIES:-2000} RUNS=${BENCH_RUNS:-5}
JOBS=${BENCH_JOBS:-$(nproc)}
tool=$(realpath "$BUILD/factory_nvs_gen")
export LC_ALL=C

give_up() {
	echo "bench-srp.sh: $*" >&2
	exit 1
}

for program in "$tool" "$BUILD/bench_srp" "$BUILD/measure"; do
	[ -x "$program" ] || give_up "nothing is built in $BUILD: make bench"
done
work=$(mktemp -d "${TMPDIR:-/dev/shm}/nvsgen-bench-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

calc() {
	awk "BEGIN { printf \"${2:-%.2f}\", $1 }"
}

numbers=$("$BUILD/bench_srp") || give_up "bench_srp failed"
read -r setup ours theirs <<<"$numbers"
printf '\nSRP verifier (3072 bits, exponent of 512), one core, medians:\n'
printf '%-38s %9.1f us\n' 'ours, per verifier' "$ours" \
	'ours, once per thread' "$setup"
if [ "$theirs" = 0.0 ]; then
	echo 'no yardstick: OpenSSL (Debian: libssl-dev) was not there to build'
else
	printf '%-38s %9.1f us\n' 'OpenSSL, BN_mod_exp' "$theirs"
	printf '%-38s %9.2f\n' 'OpenSSL / ours' "$(calc "$theirs / $ours")"
fi

# batch JOBS ARGS...: median of wall seconds and of user seconds
batch() {
	local jobs=$1 n column
	shift
	rm -f "$work/times"
	for ((n = 0; n < RUNS; n++)); do
		"$BUILD/measure" "$work/line" "$tool" batch --count "$COUNT" \
			--quiet --jobs "$jobs" --outdir "$work/out" "$@" P ||
			give_up "a batch failed"
		cat "$work/line" >>"$work/times"
		rm -rf "$work/out"
	done
	for column in 1 2; do
		cut -d' ' -f$column "$work/times" | sort -n |
			sed -n "$(((RUNS + 1) / 2))p"
	done | paste -sd ' ' -
}

printf '\n%s accessories, in memory, medians of %s runs:\n' "$COUNT" "$RUNS"
printf '%-22s %8s %9s %22s %16s\n' batch 'wall s' 'user s' \
	'accessories/s per core' 'verifiers in it'
for jobs in $(printf '%s\n' 1 "$JOBS" | sort -nu); do
	for args in '' --qr; do
		# shellcheck disable=SC2086 # none or one word
		times=$(batch "$jobs" $args) || exit 1
		read -r wall user <<<"$times"
		all=$(calc "($COUNT * $ours + $jobs * $setup) / 1e6" %.6f)
		printf '%-22s %8.3f %9.3f %22.0f %15.0f%%\n' \
			"--jobs $jobs $args" "$wall" "$user" \
			"$(calc "$COUNT / $wall / $jobs")" \
			"$(calc "100 * $all / ($wall * $jobs)")"
	done
done

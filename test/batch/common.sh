# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# common.sh - what the tests of batches share, on top of test/lib.sh, which
# it reads. Scratch files go to a memory file system where there is one:
# what is tested here is the order of calls, not the disk.
#
#	CHECK_LONG=1	the full sizes: 5,000 devices
#	SEED=N		repeat a run of the tests that draw random moments

if [ -z "${TMPDIR:-}" ] && [ -d /dev/shm ] && [ -w /dev/shm ]; then
	export TMPDIR=/dev/shm
fi
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
need_tools mfg_gen nvs_partition_gen

export LIB_DIR
FAILIO=$BUILD/test/preload/failio.so
SIZE=0x3000

# devices SHORT: how many a large batch has; a sanitizer takes its time
devices() {
	local n=$1
	[ -z "${CHECK_LONG:-}" ] || n=5000
	[ -z "${SAN:-}" ] || n=$((n / 4))
	echo "$n"
}

# inputs COUNT: conf.csv and values.csv of a factory's size
inputs() {
	"$ROOT/tools/batch-inputs.sh" "$1" .
}

# small COUNT [VALUE]: two keys and COUNT devices, the fourth column is VALUE
small() {
	local n
	printf '%s\n' a,namespace, x,data,u16 t,data,string >conf.csv
	{
		echo id,x,t
		for ((n = 1; n <= $1; n++)); do echo "d$n,$n,${2:-text}"; done
	} >values.csv
}

# batch ARGS...: of conf.csv and values.csv with prefix P into out
batch() {
	try mfg_gen generate conf.csv values.csv P $SIZE --fileid id \
		--outdir out "$@"
}

# failing SETTING... -- ARGS...: the same under failio; $hit says whether
# what was asked for has happened.
failing() {
	local -a texts rest
	split_args "$@"
	rm -f "$LIB_DIR/hit"
	# The shell tells of what was killed.
	{ try env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		"FAILIO_HIT=$LIB_DIR/hit" "${texts[@]/#/FAILIO_}" \
		"LD_PRELOAD=$FAILIO" mfg_gen generate conf.csv values.csv P \
		$SIZE --fileid id --outdir out --jobs 1 "${rest[@]}"; } \
		2>/dev/null
	# shellcheck disable=SC2034 # for the callers
	if [ -e "$LIB_DIR/hit" ]; then hit=yes; else hit=no; fi
}

# stopped SETTING... -- ARGS...: the same in the background, stopped before
# such a call (FAILIO_SIGNAL=19). Its process is $stopped; its output is in
# stopped.out. resume_stopped lets it go on and waits: $status.
stopped() {
	local -a texts rest
	split_args "$@"
	env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		"${texts[@]/#/FAILIO_}" FAILIO_SIGNAL=19 "LD_PRELOAD=$FAILIO" \
		mfg_gen generate conf.csv values.csv P $SIZE --fileid id \
		--outdir out --jobs 1 "${rest[@]}" >"$LIB_DIR/stopped.out" 2>&1 &
	stopped=$!
	wait_for_state $stopped T
}

# wait_for_state PID LETTER: at most ten seconds, less if it ends before
wait_for_state() {
	local i state
	for ((i = 0; i < 1000; i++)); do
		state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) ||
			return
		[ "$state" != "$2" ] || return 0
		sleep 0.01
	done
}

resume_stopped() {
	kill -CONT "$stopped" 2>/dev/null
	wait "$stopped" 2>/dev/null
	status=$?
	cp "$LIB_DIR/stopped.out" "$ERR"
	last_command="the run that had been stopped"
}

# changed_keys FILE: the whole keys listed there that are others now, or gone
changed_keys() {
	whole_keys >"$LIB_DIR/after"
	join "$1" "$LIB_DIR/after" | awk '$2 != $3 { print $1, "changed" }' |
		head -n 5
	join -v 1 "$1" "$LIB_DIR/after" | sed 's/ .*/ is gone/' | head -n 5
}

# What has to stand in out after a batch: "bin/... csv/... keys/..." by the
# ids of the values table, whose first column they are.
expected_files() {
	local kind
	for kind in "bin/P-%.bin" "csv/P-%.csv" ${1:+"keys/keys-P-%.bin"}; do
		sed -n "2,\$s|^\([^,]*\),.*|${kind//%/\\1}|p" values.csv
	done | LC_ALL=C sort
}

# What is too much (>) or missing (<) in out, but for checksum lists.
file_differences() {
	diff <(expected_files "${1:-}") \
		<(find out -mindepth 1 \( -type d \( -path out/bin -o \
			-path out/csv -o -path out/keys \) \) -o \
			-name SHA256SUMS-P -o -printf '%P\n' | LC_ALL=C sort) |
		grep '^[<>]'
}

# complete NAME [keys]: out holds the files of all devices and nothing else
complete() {
	is "$1" "$(file_differences "${2:-}" | head -n 20)" ""
}

# The images that are not what nvs_partition_gen makes of the device's CSV
# with the device's key: then it does not decrypt with it, or does not equal
# the CSV.
wrong_images() {
	mkdir "$LIB_DIR/again"
	# shellcheck disable=SC2016 # for the shells of xargs
	find out/bin -name 'P-*.bin' -printf '%f\n' |
		xargs -P 2 -n 100 sh -c 'for image; do
			name=${image%.bin}
			nvs_partition_gen encrypt "out/csv/$name.csv" \
				"$LIB_DIR/again/$image" '$SIZE' --inputkey \
				"out/keys/keys-$name.bin" >/dev/null 2>&1
		done' sh
	diff -rq out/bin "$LIB_DIR/again"
	rm -r "$LIB_DIR/again"
}

# Paths of keys without those of HMAC keys that nothing was derived from yet.
with_its_key() {
	local path
	while read -r path; do
		case $path in
		*/hmac-keys-*)
			find out -path "*/keys/${path##*/hmac-}" \
				-size 4096c | grep -q . || continue
			;;
		esac
		echo "$path"
	done
}

# "NAME SHA-256" of every whole key, staged or published, sorted; HMAC keys
# have 32 bytes.
whole_keys() {
	find out -path '*/keys/*' -type f \( -size 4096c -o -size 32c \) \
		2>/dev/null | with_its_key | tr '\n' '\0' |
		xargs -0 -r sha256sum | sed -E 's|^([^ ]*) .*/(.*)|\2 \1|' |
		LC_ALL=C sort
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A batch that is killed or interrupted at random moments, and resumed each
# time, ends as the tree it would have been, without a key lost on the way.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"

RANDOM=${SEED:=$$}
echo "# SEED=$SEED repeats the moments"
inputs "$(devices 600)"
HITS=20

now() {
	date +%s%N
}

COMMAND=(mfg_gen generate conf.csv values.csv P "$SIZE" --fileid id
	--outdir out --keygen --quiet)

# How long a whole run takes, in microseconds: adapted as runs end before they
# are struck, or are struck, since the machine may have other work.
from=$(now)
try "${COMMAND[@]}"
whole=$((($(now) - from) / 1000))
rm -rf out

# Until the process is mfg_gen, no more the shell's, and catches SIGTERM, bit
# 14 of the mask; or has ended.
wait_for_handler() {
	while kill -0 "$1" && ! { grep -q '^Name:.*mfg_gen' \
		"/proc/$1/status" && grep -qE \
		'^SigCgt:.*[4-7c-f][0-9a-f]{3}$' "/proc/$1/status"; }; do
		sleep 0.001
	done 2>/dev/null
}

# Run with ARGS... and send SIGNAL after a random part of that time.
strike() {
	local signal=$1 pid delay
	shift
	delay=$((whole * (RANDOM % 1000) / 1000))
	"${COMMAND[@]}" "$@" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	[ "$signal" = KILL ] || wait_for_handler $pid
	sleep "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))"
	kill "-$signal" $pid 2>/dev/null
	wait $pid 2>/dev/null
	status=$?
	# shellcheck disable=SC2034 # for last_run
	last_command="${COMMAND[*]} $*, SIG$signal after $delay us"
}

# What interrupted runs say: what to do, or that nothing was begun.
says_what_to_do() {
	grep -qE 'out/\.mfg_gen-P\.partial.*--resume.*--restart' "$ERR" ||
		grep -q 'nothing was written' "$ERR"
}

# Everything of a finished batch.
check_tree() {
	complete "$1: all files and nothing else" keys
	is "$1: every image decrypts with its key and equals its CSV" \
		"$(wrong_images | head -n 5)" ""
	is "$1: all keys differ" "$(whole_keys | cut -d' ' -f2 | sort |
		uniq -d)" ""
}

for signal in KILL INT TERM; do
	hits=0 finished=0 lost='' silent='' statuses=()
	: >before
	args=()
	while [ "$hits" -lt $HITS ] && [ "$finished" -lt 200 ]; do
		strike $signal "${args[@]}"
		if [ "$status" -eq 0 ]; then
			# It was faster: whole and right, then anew.
			lost+=$(changed_keys before)
			finished=$((finished + 1))
			whole=$((whole * 3 / 4 + 1000))
			rm -rf out
			: >before
			args=()
			continue
		fi
		hits=$((hits + 1))
		whole=$((whole * 5 / 4))
		statuses+=("$status")
		[ $signal = KILL ] || says_what_to_do || silent=$(last_run)
		args=(--resume)
		lost+=$(changed_keys before)
		whole_keys >before
	done
	is "SIG$signal: $HITS times" "$hits" $HITS
	case $signal in
	KILL) wanted=137 ;;
	INT) wanted=130 ;;
	TERM) wanted=143 ;;
	esac
	is "SIG$signal: exit status" "$(printf '%s\n' "${statuses[@]}" |
		sort -u | paste -sd " " -)" "$wanted"
	[ $signal = KILL ] ||
		is "SIG$signal: the message says what to do" "$silent" ""
	try "${COMMAND[@]}" --resume
	lost+=$(changed_keys before)
	whole_keys >before
	is "SIG$signal: the last --resume succeeds" "$status" 0
	is "SIG$signal: no key has changed or gone on the way" "$lost" ""
	check_tree "SIG$signal $HITS times"
	echo "# $finished runs were faster than SIG$signal"
	rm -rf out
done
finish

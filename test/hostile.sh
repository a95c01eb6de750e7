#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Hostile surroundings: limits, signals, file systems and directories that are
# not as one expects. Each run makes all or says why not, in one message that
# is right; it leaves no stray file and no secret.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen factory_nvs_gen nvs_tool mfg_nvs
FAILIO=$BUILD/test/preload/failio.so

# two [SHORT]: conf.csv and values.csv with two devices, a and b
two() {
	fresh
	printf 'dev,namespace,\nn,data,u8\n' >conf.csv
	printf 'id,n\na,1\nb,2\n' >values.csv
	printf 'key,type,encoding,value\ndev,namespace,,\nn,data,u8,1\n' >in.csv
}

# failing SETTING... -- COMMAND...: under failio
failing() {
	local -a texts rest
	split_args "$@"
	# The shell tells of what was killed.
	{ try env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		"${texts[@]/#/FAILIO_}" "LD_PRELOAD=$FAILIO" "${rest[@]}"; } \
		2>/dev/null
}

# What is left of files that were written aside.
strays() {
	find . -name '.nvsgen-*'
}

# The commands of one image, by a word for the names of the checks.
single() {
	case $1 in
	generate) SINGLE=(nvs_partition_gen generate in.csv out/x.bin 0x3000) ;;
	encrypt) SINGLE=(nvs_partition_gen encrypt in.csv x.bin 0x3000
		--outdir out --keygen --keyfile k) ;;
	decrypt) SINGLE=(nvs_partition_gen decrypt given/x.bin given/keys/k.bin
		out/x.bin) ;;
	key) SINGLE=(mfg_gen generate-key --keyfile k --outdir out) ;;
	homekit) SINGLE=(factory_nvs_gen 11122333 ES32 out/f --encrypt true
		--keygen true --keyfile k --outdir out) ;;
	mfg_nvs) SINGLE=(mfg_nvs --project_path "$ROOT/samples/esp-at"
		--outdir out) ;;
	strings) SINGLE=(nvs_tool --csv --csv-files out given/cr.bin) ;;
	esac
}
SINGLES="generate encrypt decrypt key homekit mfg_nvs strings"

given() {
	two
	try nvs_partition_gen encrypt in.csv x.bin 0x3000 --outdir given \
		--keygen --keyfile k
	printf 'a\r\nb' >cr.txt
	printf 'key,type,encoding,value\ndev,namespace,,\ns,file,string,cr.txt\n' \
		>cr.csv
	try nvs_partition_gen generate cr.csv given/cr.bin 0x3000
}

# ---- killed by the limit of a file's size ----
# SIGXFSZ ended the program, and the first bytes of keys stayed behind.

for what in $SINGLES; do
	given
	single "$what"
	before=$(fingerprint .)
	said=$(ulimit -f 0 && "${SINGLE[@]}" 2>&1 >/dev/null </dev/null)
	is "limit of a file's size: $what" \
		"$? $(grep -c 'File too large' <<<"$said")" "1 1"
	find . -type d -empty -delete
	is "limit of a file's size: $what: nothing is left" \
		"$(fingerprint .)" "$before"
done
two
said=$(ulimit -f 0 && mfg_gen generate conf.csv values.csv P 0x3000 \
	--outdir out --keygen 2>&1 >/dev/null)
is "limit of a file's size: a batch" \
	"$? $(grep -c 'File too large' <<<"$said")" "1 1"
try mfg_gen generate conf.csv values.csv P 0x3000 --outdir out --keygen
succeeds "limit of a file's size: the batch is made without it"

# ---- interrupted, and a temporary file with a key in it stayed ----

for what in $SINGLES; do
	given
	single "$what"
	try "${SINGLE[@]}"
	wanted=$(files out)
	for signal in 1 2 15; do
		for call in write fsync rename; do
			rm -rf out
			failing CALL=$call SIGNAL=$signal -- "${SINGLE[@]}"
			is "signal $signal before $call: $what" \
				"$(strays)$(files out)" "$wanted"
		done
	done
done

# ---- a batch died with its terminal ----

two
failing CALL=syncfs SIGNAL=1 -- mfg_gen generate conf.csv values.csv P 0x3000 \
	--outdir out --keygen --jobs 1
is "SIGHUP while publishing" "$status $(files out | wc -w)" "0 6"
two
failing CALL=open AT=12 SIGNAL=1 -- mfg_gen generate conf.csv values.csv P \
	0x3000 --outdir out --keygen --jobs 1
is "SIGHUP while a batch is made" \
	"$status $(grep -c 'complete it with --resume' "$ERR")" "129 1"
two
# Not by "try": timeout(1) would listen to the signal again.
(
	trap '' HUP
	exec env ASAN_OPTIONS=verify_asan_link_order=0 FAILIO_CALL=open \
		FAILIO_AT=12 FAILIO_SIGNAL=1 "LD_PRELOAD=$FAILIO" \
		mfg_gen generate conf.csv values.csv P 0x3000 --outdir out \
		--keygen --jobs 1 >"$OUT" 2>"$ERR" </dev/null
)
is "SIGHUP with nohup" "$? $(files out | wc -w)" "0 6"

# ---- an output took the place of a device ----

two
mkfifo fifo.bin
ln -s fifo.bin link
refuses "a FIFO is no place for an image" 1 "cannot write 'fifo.bin'" -- \
	nvs_partition_gen generate in.csv fifo.bin 0x3000
for place in /dev/null /dev/stdout link; do
	refuses "no place for a manifest: $place" 1 "cannot write '$place'" -- \
		mfg_gen generate conf.csv values.csv P 0x3000 --outdir out \
		--overwrite --manifest "$place"
done
ok "devices are what they were" test -c /dev/null -a -L /dev/stdout

finish

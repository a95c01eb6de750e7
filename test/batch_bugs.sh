#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Faults that batches once had, each with the shortest way to see it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"

# ---- keys deleted when a directory could not be read ----
# Publishing took an error of readdir() for the end of the directory, and
# removed what it had not moved.

for at in 1 2 3; do
	fresh
	small 2
	failing CALL=syncfs SIGNAL=9 -- --keygen
	failing CALL=readdir AT="$at" ERRNO=5 -- --keygen --resume
	refused "readdir error $at: the run fails" 1 "Input/output error" \
		--resume
	is "readdir error $at: no staged key is lost" \
		"$(whole_keys | wc -l)" 2
	batch --keygen --resume
	complete "readdir error $at: resumed" keys
done

# ---- files of a batch that was thrown away were published ----
# A --restart that was killed while it removed an earlier batch left what it
# had not removed yet without a fingerprint, and the next run took it for its
# own: its files were published, its keys used again.

for next in '' --resume --restart; do
	fresh
	small 3
	failing CALL=syncfs SIGNAL=9 -- --keygen
	whole_keys >"$LIB_DIR/before"
	# The order in which a directory is read is the file system's: leave
	# what one gets that has the fingerprint first.
	rm -f out/.mfg_gen-P.partial/fingerprint
	rm out/.mfg_gen-P.partial/*/*d1*
	small 1
	# shellcheck disable=SC2086 # none or one word
	batch --keygen $next
	if [ "$next" != --restart ]; then
		refused "remains without a fingerprint: a run $next" 1 \
			"an earlier run has left 'out/.mfg_gen-P.partial'" \
			--resume --restart
		is "remains without a fingerprint: a run $next: no key is lost" \
			"$(whole_keys | grep -cFf - "$LIB_DIR/before")" 2
		batch --keygen --restart
	fi
	succeeds "remains without a fingerprint: a run $next"
	complete "remains without a fingerprint: a run $next: no old file" keys
	is "remains without a fingerprint: a run $next: no old key" \
		"$(whole_keys | grep -cFf - "$LIB_DIR/before")" 0
done
fresh
small 3
failing CALL=syncfs SIGNAL=9 -- --keygen
small 2
failing CALL=unlink AT=4 SIGNAL=9 -- --keygen --restart
batch --keygen
[ "$status" -eq 0 ] || batch --keygen --restart
complete "--restart killed while it removes" keys

# ---- --restart let go of the lock while it removed ----

fresh
small 3
failing CALL=syncfs SIGNAL=9 -- --keygen
for at in 1 3 7; do
	stopped CALL=unlink AT="$at" -- --keygen --restart
	for next in '' --resume --restart; do
		# shellcheck disable=SC2086
		batch --keygen $next
		refused "--restart stopped at removal $at: a second run $next" \
			1 "another run is at work"
	done
	resume_stopped
	succeeds "--restart stopped at removal $at goes on"
	complete "--restart stopped at removal $at: the tree" keys
	is "--restart stopped at removal $at: images" "$(wrong_images)" ""
	rm -r out
	failing CALL=syncfs SIGNAL=9 -- --keygen
done

# ---- a run that ended while another one came in ----
# The newcomer had the lock file open when the run before removed it.

fresh
small 2
for before in out out/keys; do
	mkdir -p $before
	stopped CALL=flock -- --keygen --resume
	batch --keygen
	succeeds "$before there, stopped before its lock: the other run"
	whole_keys >"$LIB_DIR/before"
	resume_stopped
	succeeds "$before there, stopped before its lock: goes on"
	complete "$before there, stopped before its lock: the tree" keys
	is "$before there, stopped before its lock: the keys" \
		"$(changed_keys "$LIB_DIR/before")" ""
	rm -r out
done

# ---- a directory that another shard had just made could not be opened ----
# It came between the look at it by name and the answer that it is not there.

fresh
small 4
batch --shard 1/2
made_meanwhile=0
for ((at = 1; at <= 40; at++)); do
	failing CALL=openat AT="$at" ERRNO=2 -- --shard 2/2 --overwrite
	[ "$hit" = yes ] || break
	has "$ERR" "cannot open the directory" &&
		grep -q "'bin'\|'csv'" "$ERR" && made_meanwhile=$at
	batch --shard 2/2 --overwrite --restart
done
is "a directory made by another shard: there were calls to try" \
	"$((at > 3))" 1
is "a directory made by another shard is opened" "$made_meanwhile" 0

# ---- a run at work was called one that had stopped ----

fresh
small 2
stopped CALL=syncfs -- --keygen
for next in '' --resume --restart; do
	# shellcheck disable=SC2086
	batch --keygen $next
	refused "while another run is at work: a run $next" 1 \
		"another run is at work"
done
batch --keygen --check
succeeds "while another run is at work: --check is possible"
resume_stopped
complete "the run at work is not disturbed" keys

# ---- found out when all was made that it can't be published ----
# A bin/ that leads to another file system, or nowhere.

fresh
small 2
mkdir out
ln -s nowhere out/bin
refuses "a dangling link in place of bin/" 1 "bin" -- \
	mfg_gen generate conf.csv values.csv P $SIZE --outdir out
elsewhere=$(mktemp -d /tmp/nvsgen-test-XXXXXX)
if [ "$(stat -c %d .)" = "$(stat -c %d "$elsewhere")" ]; then
	skip "bin/ on another file system" "there is only one here"
else
	ln -sfn "$elsewhere" out/bin
	refuses "bin/ on another file system" 1 "out/bin" \
		"another file system" -- mfg_gen generate conf.csv values.csv \
		P $SIZE --outdir out
	is "bin/ on another file system: nothing gets there" \
		"$(find "$elsewhere" -type f)" ""
fi
rm -r "$elsewhere"
fresh
small 2
mkdir out else
ln -s ../else out/bin
batch
is "bin/ may be a link within the file system" "$(files else)" \
	"P-d1.bin P-d2.bin"

# ---- file systems without renameat2(): NFS and others ----
# A run killed between making a file's new name and removing its old one could
# not be resumed; of two shards that published a directory at once one failed.

fresh
small 2
mkdir -p out/bin out/csv out/keys
failing CALL=unlink AT=1 SIGNAL=9 LACKS=renameat2 -- --keygen
is "killed between link and unlink: that state" \
	"$(find out -name 'keys-*' -links 2 | wc -l)" 2
whole_keys | sort -u >"$LIB_DIR/before"
failing LACKS=renameat2 -- --keygen --resume
succeeds "killed between link and unlink: resumed"
complete "killed between link and unlink: the tree" keys
is "killed between link and unlink: the keys" \
	"$(changed_keys "$LIB_DIR/before")" ""

for call in renameat renameat2; do
	fresh
	small 4
	stopped CALL=$call AT=2 LACKS="$([ $call = renameat2 ] ||
		echo renameat2)" -- --keygen --shard 1/2
	batch --keygen --shard 2/2
	succeeds "two shards publish at once ($call): the first"
	resume_stopped
	succeeds "two shards publish at once ($call): the second"
	complete "two shards publish at once ($call): the tree" keys
	is "two shards publish at once ($call): images" "$(wrong_images)" ""
done

# ---- temporary files that stayed beside the values table and in out ----
# Expanded table, manifest and checksums were copied to their places; a kill
# in between left a .nvsgen-PID.tmp there that nobody removed.

for at in {1..20}; do
	fresh
	small 2 same
	sed -i 's/^t,data,string/&,REPEAT/' conf.csv
	failing CALL=fsync AT="$at" SIGNAL=9 -- --manifest m.csv --sha256sums
	[ $hit = yes ] || break
	is "killed at sync $at: no temporary file" "$(find . -name '*.tmp')" ""
	batch --manifest m.csv --sha256sums --resume
	complete "killed at sync $at: the tree"
	is "killed at sync $at: what else there is" "$(find . -maxdepth 1 \
		-type f -printf '%f\n' | sort | paste -sd ' ' -)" \
		"conf.csv m.csv values.csv values_created.csv"
done

# ---- a key that could not be read was replaced ----

for at in {1..40}; do
	fresh
	small 1
	failing CALL=syncfs SIGNAL=9 -- --keygen
	whole_keys >"$LIB_DIR/before"
	failing CALL=open AT="$at" ERRNO=24 -- --keygen --resume
	[ $hit = yes ] || break
	changed_keys "$LIB_DIR/before"
done >"$LIB_DIR/changed"
is "staged keys, too many open files: no key is replaced" \
	"$at$(sort -u "$LIB_DIR/changed")" "$at"

# ---- an HMAC key of zeros after a power cut was taken for a key ----
# It has no checksum: only the key derived from it shows that it is whole.

fresh
small 1
hmac=(--keygen --key_protect_hmac --kp_hmac_keygen)
failing CALL=syncfs SIGNAL=9 -- "${hmac[@]}"
head -c 32 /dev/zero >out/.mfg_gen-P.partial/keys/hmac-keys-P-d1.bin
batch "${hmac[@]}" --resume
succeeds "an HMAC key of zeros: resumed"
not_ok "an HMAC key of zeros is drawn anew" cmp -s -n 32 /dev/zero \
	out/keys/hmac-keys-P-d1.bin
is "an HMAC key of zeros: the image" "$(wrong_images)" ""

# ---- --restart of a half-published batch was told to take --overwrite ----
# Which draws new keys, where --resume completes what is there.

fresh
small 2
mkdir -p out/bin out/csv out/keys
failing CALL=rename AT=3 SIGNAL=9 -- --keygen
whole_keys >"$LIB_DIR/before"
batch --keygen --restart
is "restart of a half-published batch: refused" \
	"$status $(grep -c 'begun to publish.*--resume' "$ERR")" "1 1"
is "restart of a half-published batch: its keys" \
	"$(changed_keys "$LIB_DIR/before")" ""
batch --keygen --resume
is "restart of a half-published batch: resumed after all" \
	"$status $(wrong_images)$(changed_keys "$LIB_DIR/before")" "0 "

# ---- a table that was there already was read into memory ----
# To see whether the expanded one is the same, both were, whole.

if [ -n "${SAN:-}" ]; then
	skip "memory for an expanded table" "sanitizers take more"
else
	fresh
	small 200 same
	sed -i 's/^t,data,string/&,REPEAT/' conf.csv
	long=$(head -c 100000 /dev/zero | tr '\0' n)
	sed -i "1s/\$/,note/; 2,\$s/\$/,$long/" values.csv
	batch
	rm -r out
	stopped CALL=unlink AT=2 --
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' \
		"/proc/$stopped/status")
	resume_stopped
	is "an expanded table of 20 MB that is there: memory" \
		"$status ${peak:-none} $([ "${peak:-99999}" -lt 16000 ] ||
			echo too much)" "0 ${peak:-some} "
	complete "an expanded table of 20 MB that is there: the tree"
fi
finish

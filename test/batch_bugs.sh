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
	failing CALL=readdir AT=$at ERRNO=5 -- --keygen --resume
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
	stopped CALL=unlink AT=$at -- --keygen --restart
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
for call in flock mkdir; do
	stopped CALL=$call AT="$([ $call = flock ] && echo 1 || echo 3)" \
		-- --keygen --resume
	batch --keygen
	[ "$status" -eq 0 ] || refused "stopped at $call: the other run" 1 \
		"another run is at work"
	resume_stopped
	succeeds "stopped at $call: goes on"
	complete "stopped at $call: the tree" keys
	is "stopped at $call: images" "$(wrong_images)" ""
	rm -r out
done
finish

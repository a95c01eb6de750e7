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
	failing CALL=readdir AT=$at ERRNO=5 -- --keygen
	refused "readdir error $at: the run fails" 1 "Input/output error" \
		--resume
	is "readdir error $at: no staged key is lost" \
		"$(whole_keys | wc -l)" 2
	batch --keygen --resume
	complete "readdir error $at: resumed" keys
done
finish

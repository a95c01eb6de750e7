#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# parallel.sh N generate-arguments... - a batch in N shards on this machine, or
# on others that see the same files (PARALLEL_SSHLOGIN="--sshlogin host1,host2"),
# by GNU parallel:
#
#	tools/shards/parallel.sh 8 conf.csv values.csv AQ7 0x3000 --outdir lot
#
# A shard that is stopped is completed by the same command with --resume.
set -eu
shards=$1
shift
# shellcheck disable=SC2086 # a list of words
exec parallel ${PARALLEL_SSHLOGIN:-} --halt now,fail=1 --quote \
	"${MFG_GEN:-mfg_gen}" generate "$@" --quiet --shard "{}/$shards" ::: \
	$(seq "$shards")

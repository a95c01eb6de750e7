#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# slurm.sh - a batch as a Slurm job array, a shard per task; all nodes have to
# see the inputs and the outdir:
#
#	sbatch --array=1-16 tools/shards/slurm.sh conf.csv values.csv AQ7 0x3000 --outdir lot
#
# A task that was requeued completes its shard, because of --resume; a first
# start has nothing to resume and begins.
#SBATCH --job-name=mfg_gen
#SBATCH --requeue
set -eu
exec "${MFG_GEN:-mfg_gen}" generate "$@" --resume --quiet \
	--jobs "${SLURM_CPUS_PER_TASK:-1}" \
	--shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The recipes in tools/shards make the tree that one run makes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen
PATH=$BUILD:$PATH

printf 'a,namespace,\nsn,data,string\nn,data,u32\n' >conf.csv
{
	echo sn,n
	for n in $(seq 50); do echo "SN-$n,$n"; done
} >values.csv
mfg_gen generate conf.csv values.csv AQ7 0x3000 --fileid sn --outdir whole \
	>/dev/null
mfg_gen generate conf.csv values.csv AQ7 0x3000 --outdir numbered >/dev/null

# as_whole NAME DIR WANTED
as_whole() {
	is "$1" "$status $(diff -r "$3" "$2" 2>&1 | head -n 5)" "0 "
}

try "$ROOT/tools/shards/parallel.sh" 7 conf.csv values.csv AQ7 0x3000 \
	--fileid sn --outdir parallel
as_whole "GNU parallel" parallel whole

for task in 3 1 4 2; do
	try env SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MAX=4 \
		"$ROOT/tools/shards/slurm.sh" conf.csv values.csv AQ7 0x3000 \
		--fileid sn --outdir slurm
done
as_whole "a Slurm job array" slurm whole

# The command of the container, as the shell in it gets it.
command=$(sed -n '/- >-/,/volumeMounts/p' "$ROOT/tools/shards/kubernetes.yaml" |
	sed '1d;$d' | tr '\n' ' ')
for index in $(seq 0 15); do
	try env JOB_COMPLETION_INDEX="$index" sh -c "$command"
	[ "$status" -eq 0 ] || break
done
as_whole "a Kubernetes Indexed Job" lot numbered
finish

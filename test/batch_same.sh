#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A batch is the same tree whoever makes it: any number of threads, any
# number of shards, one after the other or side by side. And its manifest and
# its checksums tell the truth.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"

inputs "$(devices 1000)"
make_key k.bin

# generate OUTDIR ARGS...
generate() {
	try mfg_gen generate conf.csv values.csv P $SIZE --fileid id \
		--outdir "$@"
}

# no_difference NAME DIR: to the tree "one"
no_difference() {
	local said
	if said=$(diff -r one "$2" 2>&1); then
		pass "$1"
	else
		fail "$1" "$(head -n 10 <<<"$said")" "$(last_run)"
	fi
	rm -rf "$2"
}

for options in '' '--inputkey k.bin'; do
	# shellcheck disable=SC2086 # a list of words
	generate one --jobs 1 --manifest one.csv --sha256sums $options
	succeeds "one thread ${options:-plain}"
	is "one thread ${options:-plain}: two files per device" \
		"$(find one/bin one/csv -type f | wc -l)" \
		"$((2 * ($(wc -l <values.csv) - 1)))"
	is "all images differ ${options:-plain}" "$(
		grep -F /P-SN one/SHA256SUMS-P | cut -c1-64 | sort | uniq -d)" ""
	for jobs in 2 7; do
		# shellcheck disable=SC2086
		generate other --jobs $jobs --manifest other.csv --sha256sums \
			$options
		no_difference "$jobs threads ${options:-plain}: the same tree" \
			other
		same "$jobs threads ${options:-plain}: the same manifest" \
			other.csv one.csv
		rm other.csv
	done
	rm one/SHA256SUMS-P
	for shards in 1 3 8; do
		# shellcheck disable=SC2086
		try parallel -j 4 mfg_gen generate conf.csv values.csv P $SIZE \
			--fileid id --outdir other --quiet --shard {}/$shards \
			$options ::: $(seq $shards)
		succeeds "GNU parallel, $shards shards ${options:-plain}"
		no_difference "$shards shards ${options:-plain}: the same tree" \
			other
	done
	mv one.csv "manifest${options:+.encrypted}"
	rm -rf one
done

# The manifest against the files themselves.
generate one --keygen --manifest lists/m.csv --sha256sums
is "manifest: a header and a row per device" "$(wc -l <lists/m.csv)" \
	"$(wc -l <values.csv)"
is "manifest: the header" "$(head -n 1 lists/m.csv | tr -d '\r')" \
	id,row,bin,bin_sha256,csv,csv_sha256,keys,keys_sha256
is "manifest: in the order of the rows" \
	"$(tail -n +2 lists/m.csv | cut -d, -f1,2 | head -n 300)" \
	"$(tail -n +2 values.csv | cut -d, -f1 | nl -s, -w1 |
		sed -E 's/^([0-9]+),(.*)/\2,\1/' | head -n 300)"
# shellcheck disable=SC2016 # for the inner shell
ok "manifest: every checksum is right" sh -c 'cd one && tail -n +2 \
	../lists/m.csv | tr -d "\r" | awk -F, "{ for (i = 3; i < 9; i += 2)
		print \$(i + 1) \"  \" \$i }" | sha256sum -c --quiet --strict -'
ok "--sha256sums: sha256sum -c passes" \
	sh -c 'cd one && sha256sum -c --quiet --strict SHA256SUMS-P'
is "--sha256sums: lists every file" \
	"$(cut -c67- one/SHA256SUMS-P | LC_ALL=C sort | sha256sum)" \
	"$(cd one && find . -type f ! -name 'SHA*' -printf '%P\n' |
		LC_ALL=C sort | sha256sum)"
is "manifest: one that is not encrypted names no keys" \
	"$(tail -n +2 manifest | tr -d '\r' | cut -d, -f7,8 | sort -u)" ,
refuses "manifest: one that is there already" 1 lists/m.csv --overwrite -- \
	mfg_gen generate conf.csv values.csv P $SIZE --outdir two \
	--manifest lists/m.csv
touch one/SHA256SUMS-Q
refuses "--sha256sums: one that is there already" 1 SHA256SUMS-Q -- \
	mfg_gen generate conf.csv values.csv Q $SIZE --outdir one --sha256sums
rm -rf one lists

# Names that want care in a checksum list.
printf '%s\n' a,namespace, x,data,u16 >conf.csv
printf '%s\n' id,x 'a b,1' '*c,2' 'd\e,3' "f'g,4" 'ä,5' '"h,i",6' >values.csv
generate one --manifest m.csv --sha256sums --keygen
ok "--sha256sums: blanks, stars, backslashes and quotes in names" \
	sh -c 'cd one && sha256sum -c --quiet --strict SHA256SUMS-P'
is "manifest: an id with a comma" "$(sed -n 7p m.csv | cut -d, -f1-6)" \
	'"h,i",6,"bin/P-h,i.bin"',"$(sha256sum 'one/bin/P-h,i.bin' |
		cut -d' ' -f1)"
rm -rf one m.csv

# More shards than rows, and what they share.
small 5 same
sed -i 's/^t,data,string/&,REPEAT/' conf.csv
sed -i '3,$s/,same$/,/' values.csv
generate one --prefix_num 7 3
cp values_created.csv created
for shard in 1 2 3 4 5 6 7; do
	generate other --prefix_num 7 3 --shard $shard/7 --sha256sums
	succeeds "shard $shard of 7 for 5 rows"
done
is "a list of checksums per shard" "$(find other -name 'SHA*' | wc -l)" 7
# shellcheck disable=SC2016 # for the inner shell
ok "the lists of the shards cover every file" sh -c 'cd other &&
	cat SHA256SUMS-P.shard-*-7 | sha256sum -c --quiet --strict - &&
	[ "$(cat SHA256SUMS-* | wc -l)" -eq 10 ]'
rm other/SHA*
no_difference "more shards than rows: the same tree" other
same "more shards than rows: the same expanded table" values_created.csv created
for shard in 0/3 4/3 1/0 1 /3 3/ 1/3/5 -1/3 1/1000001; do
	refuses "--shard $shard" 2 --shard -- mfg_gen generate conf.csv \
		values.csv P $SIZE --outdir other --shard $shard
done
finish

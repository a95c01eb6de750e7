#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a batch promises of partial directories, targets and inputs: what is
# refused, before anything is written, and what a second run does.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"

# A batch of three, stopped when all was staged; ARGS... are its options.
stopped_batch() {
	fresh
	small 3
	failing CALL=syncfs SIGNAL=9 -- "$@"
}

# refuses_batch NAME TEXT... -- ARGS...: status 1, and nothing has changed
refuses_batch() {
	local -a texts rest
	split_args "$@"
	refuses "${texts[0]}" 1 "${texts[@]:1}" -- mfg_gen generate conf.csv \
		values.csv P $SIZE --fileid id --outdir out "${rest[@]}"
}

# ---- a partial directory ----

stopped_batch --keygen
refuses_batch "the next run of the same command" out/.mfg_gen-P.partial \
	--resume --restart -- --keygen
refuses_batch "even one that may overwrite" --resume -- --keygen --overwrite
try mfg_gen generate conf.csv values.csv P $SIZE --fileid id --outdir out \
	--check
succeeds "--check is possible beside it"
refuses_batch "--resume without --keygen" "another" .mfg_gen-P.partial \
	--restart -- --resume
make_key k.bin
for options in "--keygen --version 1" "--keygen --prefix_num 1 3" \
	"--inputkey k.bin" "--keygen --overwrite" "--keygen --only list" \
	"--keygen --key_protect_hmac --kp_hmac_keygen"; do
	echo d1 >list
	# shellcheck disable=SC2086 # a list of words
	refuses_batch "--resume with $options instead of --keygen" another \
		--restart -- --resume $options
done
rm k.bin list
refuses "--resume with another size" 1 another -- mfg_gen generate conf.csv \
	values.csv P 0x4000 --fileid id --outdir out --keygen --resume
refuses "--resume without --fileid" 1 another -- mfg_gen generate conf.csv \
	values.csv P $SIZE --outdir out --keygen --resume
sed -i 's/d2,2,/d2,5,/' values.csv
refuses_batch "--resume with another value" another -- --keygen --resume
sed -i 's/d2,5,/d2,2,/' values.csv
cp conf.csv kept
echo z,data,u8 >>conf.csv
sed -i 's/$/,1/; 1s/1$/z/' values.csv
refuses_batch "--resume with another configuration" another -- --keygen \
	--resume
mv kept conf.csv
sed -i 's/,[1z]$//' values.csv
whole_keys >"$LIB_DIR/before"
batch --keygen --resume --manifest m.csv --jobs 3
succeeds "--resume with other threads and a manifest"
complete "--resume: the tree" keys
is "--resume: the keys" "$(changed_keys "$LIB_DIR/before")" ""
is "--resume: the images" "$(wrong_images)" ""
prints "--resume says how much was there" "9 files were there already"

before=$(fingerprint out)
batch --keygen --resume --jobs 2
succeeds "--resume when all is published"
is "--resume when all is published: nothing changes" \
	"$(fingerprint out)" "$before"
batch --keygen --restart
refused "--restart when all is published" 1 "out/" "--overwrite"
is "--restart when all is published: nothing changes" \
	"$(fingerprint out)" "$before"
fresh
small 3
batch --keygen --resume
succeeds "--resume when nothing was begun"
complete "--resume when nothing was begun: the tree" keys

stopped_batch --keygen
whole_keys >"$LIB_DIR/before"
sed -i 's/text/else/' values.csv
batch --keygen --restart
succeeds "--restart with other values"
complete "--restart: the tree" keys
is "--restart: the images" "$(wrong_images)" ""
is "--restart: no old key" "$(whole_keys | grep -cxFf "$LIB_DIR/before")" 0

stopped_batch
printf x >>out/.mfg_gen-P.partial/bin/P-d1.bin
printf x | dd of=out/.mfg_gen-P.partial/csv/P-d2.csv conv=notrunc status=none
rm out/.mfg_gen-P.partial/bin/P-d3.bin
batch --resume
succeeds "--resume: longer, other and missing files"
complete "--resume: longer, other and missing files: the tree"
mv out damaged
batch
is "--resume: longer, other and missing files: repaired" \
	"$(diff -r out damaged)" ""

stopped_batch --keygen
key=out/.mfg_gen-P.partial/keys/keys-P-d1.bin
printf x | dd of=$key conv=notrunc status=none
batch --keygen --resume
is "--resume: a key that is damaged is drawn anew" "$status$(wrong_images)" 0

for planted in .mfg_gen-P.partial .mfg_gen-P.partial/keys \
	.mfg_gen-P.partial/fingerprint; do
	fresh
	small 2
	mkdir -p elsewhere "out/$(dirname $planted)"
	ln -s "$T/elsewhere" out/$planted
	for next in '' --resume --restart; do
		# shellcheck disable=SC2086 # none or one word
		batch --keygen $next
		is "a planted link $planted: is not followed $next" \
			"$(find elsewhere -mindepth 1)" ""
	done
done
fresh
small 2
stopped_batch --keygen
echo keep >precious
rm out/.mfg_gen-P.partial/keys/*
ln -s "$T/precious" out/.mfg_gen-P.partial/keys/keys-P-d1.bin
batch --keygen --resume
is "a planted link among the keys: is replaced" \
	"$status $(cat precious) $(stat -c %F out/keys/keys-P-d1.bin)" \
	"0 keep regular file"

# ---- targets that stand ----

fresh
small 30
mkdir -p out/bin
echo old | tee out/bin/P-d2.bin >out/bin/P-d9.bin
refuses_batch "targets that are there" values.csv:3: out/bin/P-d2.bin \
	values.csv:10: out/bin/P-d9.bin --overwrite --
refuses_batch "targets that are there, --shard" out/bin/P-d2.bin -- \
	--shard 1/3
batch --shard 3/3
succeeds "a shard whose targets are free"
batch --only <(echo d4)
succeeds "a device whose targets are free"
rm -r out
mkdir -p out/keys out/csv
touch out/keys/keys-P-d30.bin
refuses_batch "a key that is there" out/keys/keys-P-d30.bin -- --keygen
batch
succeeds "which a plain batch does not mind"
rm -r out
mkdir -p out/csv
ln -s nowhere out/csv/P-d1.csv
refuses_batch "a dangling link in place of a target" out/csv/P-d1.csv --
batch --overwrite --keygen
complete "--overwrite" keys
is "--overwrite: the images" "$(wrong_images)" ""
is "--overwrite: a link is replaced" "$(stat -c %F out/csv/P-d1.csv)" \
	"regular file"
before=$(whole_keys)
batch --overwrite --keygen
is "--overwrite: all anew, keys too" "$status $(whole_keys |
	grep -cxF "$before")" "0 0"
is "--overwrite: the images again" "$(wrong_images)" ""
for n in $(seq 1 30); do touch "out/bin/P-d$n.bin"; done
batch
is "the first twenty are named" "$(grep -c 'is there already' "$ERR") \
$(grep '^and' "$ERR")" "20 and 10 more"

# ---- ids ----

fresh
small 40
sed -i '8s/d7,/d3,/; 38s/d37,/d5,/; 40s/d39,/d40,/' values.csv
refuses_batch "duplicate ids" values.csv:8:1: d3 "line 4" values.csv:38:1: \
	d5 values.csv:41:1: d40 --
for jobs in 1 2 7; do
	batch --jobs $jobs
	cp "$ERR" said.$jobs
done
is "the messages do not depend on the threads" \
	"$(cmp said.1 said.2; cmp said.1 said.7)" ""
fresh
small 40
printf '%s\n' d7 d39 '' d1 >list
batch --only list --manifest m.csv
is "--only: these devices" "$(files out/bin)" "P-d1.bin P-d39.bin P-d7.bin"
is "--only: rows as in the whole table" "$(tail -n +2 m.csv | cut -d, -f1,2 |
	paste -sd ' ' -)" "d1,1 d7,7 d39,39"
cp -r out only
rm -r out
printf 'd7\r\nd39\r\nd1' >list
batch --only list --prefix_num 100 4
is "--only: the counter is that of the whole batch" "$(files out/bin)" \
	"P-0100-d1.bin P-0106-d7.bin P-0138-d39.bin"
rm -r out
try_with_input mfg_gen generate conf.csv values.csv P $SIZE --fileid id \
	--outdir out --only - $'d1\nd7\nd39\n'
is "--only -" "$(diff -r out only)" ""
rm -r out
printf '%s\n' d7 d99 d1 nobody d7x >list
refuses_batch "--only: unknown ids" list:2: d99 list:4: nobody list:5: d7x \
	values.csv -- --only list
printf '%s\n' d7 d1 d7 >list
refuses_batch "--only: an id twice" list:3: d7 "line 1" -- --only list
refuses_batch "--only: no such file" absent -- --only absent
printf '%s\n' 1 40 41 0 007 0x1 +1 >list
refuses "--only: row numbers" 1 list:3: list:4: list:5: list:6: list:7: -- \
	mfg_gen generate conf.csv values.csv P $SIZE --outdir out --only list
printf '%s\n' 1 40 >list
try mfg_gen generate conf.csv values.csv P $SIZE --outdir out --only list
is "--only: by row" "$(files out/bin)" "P-1.bin P-40.bin"
rm -r out
printf '%s\n' d1 d2 d20 >list
batch --only list --shard 1/2
batch --only list --shard 2/2
is "--only with --shard" "$(files out/bin)" "P-d1.bin P-d2.bin P-d20.bin"
refuses "--only and values from stdin" 2 stdin -- mfg_gen generate conf.csv \
	- P $SIZE --outdir out --only -

# ---- where inputs come from, and outputs go ----

fresh
small 5 same
sed -i 's/^t,data,string/&,REPEAT/' conf.csv
batch
mv out whole
mv values_created.csv whole/csv/values_created.csv
piped() {
	mfg_gen generate conf.csv - P $SIZE --fileid id --outdir out
}
try_with_input mfg_gen generate conf.csv - P $SIZE --fileid id --outdir out \
	"$(cat values.csv)"$'\n'
succeeds "values from stdin"
is "values from stdin: the same tree, the expanded table in csv/" \
	"$(diff -r out whole)" ""
rm -r out
piped <values.csv >"$OUT" 2>"$ERR"
is "values from a redirected file" "$(diff -r out whole)" ""
rm -r out
try mfg_gen generate conf.csv <(cat values.csv) P $SIZE --fileid id \
	--outdir out
is "values from a named pipe" "$status$(diff -r out whole)" 0
rm -r out
TMPDIR=$T/absent try_with_input mfg_gen generate conf.csv - P $SIZE \
	--fileid id --outdir out "$(cat values.csv)"
refused "values from stdin, nowhere to spool" 1 "$T/absent"
is "values from stdin, nowhere to spool: nothing is written" \
	"$(find . -path ./out)" ""
mkdir spool
TMPDIR=$T/spool try_with_input mfg_gen generate conf.csv - P $SIZE \
	--fileid id --outdir out $'id,x,t\nd1,70000,\n'
refused "values from stdin: a mistake" 1 "-:2:4:" 70000
is "values from stdin: nothing stays of the spool" "$(files spool)" ""
mkfifo pipe
exec 3<>pipe # which never ends
mfg_gen generate conf.csv - P $SIZE --outdir out <pipe >"$OUT" 2>"$ERR" &
pid=$!
cat values.csv >&3
wait_for_state $pid S
kill -INT $pid
wait $pid
is "SIGINT while reading stdin" \
	"$? $(grep -c 'nothing was written' "$ERR") $(find . -path ./out)" \
	"130 1 "
exec 3>&-

mkdir home
# shellcheck disable=SC2088 # it is ours to expand
HOME=$T/home try mfg_gen generate conf.csv values.csv P $SIZE --fileid id \
	--outdir '~/lot/5' --manifest m.csv
is "--outdir ~" "$status $(files home/lot/5/bin | wc -w)" "0 5"
is "--outdir ~: nothing else" "$(find home -name '.*' ; find . -name '~*')" ""

# A read-only outdir: root may write anywhere, so the system has to refuse.
fresh
small 2
mkdir out
before=$(fingerprint .)
failing CALL=mkdir AT=2 ERRNO=30 -- --keygen
refused "a read-only outdir" 1 out/.mfg_gen-P.partial "Read-only file system"
is "a read-only outdir: nothing is written" "$(fingerprint .)" "$before"
if [ "$(id -u)" -ne 0 ]; then
	chmod 555 out
	refuses_batch "an outdir without permission" "Permission denied" --
	chmod 755 out
fi
failing CALL=mkdir AT=1 ERRNO=13 -- --keygen
refused "no permission for outdir" 1 "Permission denied"

# ---- --check ----

fresh
small 40
batch --check
succeeds "--check"
prints "--check: how many, and how full" "40 devices" "row 1" "4 of 252"
is "--check writes nothing" "$(files .)" "conf.csv values.csv"
sed -i '5s/d4,4/d4,x/; 9s/d8,8/d8,65536/' values.csv
refuses_batch "--check: mistakes" values.csv:5:4: values.csv:9:4: 65536 -- \
	--check
sed -i 's/^d\([0-9]*\),.*,text/d\1,x,text/' values.csv
batch --check
is "--check: at most twenty mistakes are shown" \
	"$status $(grep -c 'error: ' "$ERR") $(tail -n 1 "$ERR")" \
	"1 20 and 20 more"
finish

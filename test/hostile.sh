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
ODDFS=$BUILD/test/preload/oddfs.so
NOBODY=65534

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

# odd_fs KIND COMMAND...: on such a file system
odd_fs() {
	try env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		"ODDFS=$1" "LD_PRELOAD=$ODDFS" "${@:2}"
}

# as_nobody COMMAND...: by a user who may not do everything
as_nobody() {
	try setpriv --reuid $NOBODY --regid $NOBODY --clear-groups "$@"
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

# ThreadSanitizer makes room for itself in a file, before the program begins.
if (ulimit -f 0 && mfg_gen --help) >/dev/null 2>&1; then
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
else
	skip "limit of a file's size" "a program can't even start under it"
fi

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

# ---- two ids that are one name to the file system: one device was lost ----
# The first run failed, but --resume took the file of one device for that of
# the other, replaced it, and told of success.

two
printf 'id,n\nabc,1\nABC,2\n' >values.csv
batch=(mfg_gen generate conf.csv values.csv P 0x3000 --fileid id --outdir out
	--keygen --jobs 1)
odd_fs fold "${batch[@]}"
refused "ids that differ in capitals" 1 "'keys-P-ABC.bin' is there already" \
	"capital and small letters"
for i in 1 2; do
	odd_fs fold "${batch[@]}" --resume
	refused "ids that differ in capitals, resumed, $i" 1 \
		"has 1 files for 2 devices" "capital and small letters"
	is "ids that differ in capitals, resumed, $i: nothing is published" \
		"$(files out/bin)" ""
done
printf 'id,n\nabc,1\nABd,2\n' >values.csv
odd_fs fold "${batch[@]}" --restart
is "ids that differ: made" "$status $(files out/bin)" "0 p-abc.bin p-abd.bin"

# Of a resumed batch, part may be in place already: it counts as well.
for at in 5 6; do
	rm -rf out
	mkdir -p out/keys out/csv out/bin
	failing CALL=renameat2 AT=$at SIGNAL=9 -- "${batch[@]}"
	is "stopped at image $((at - 4))" "$status $(files out/bin | wc -w)" \
		"137 $((at - 5))"
	try "${batch[@]}" --resume
	is "stopped at image $((at - 4)): resumed" \
		"$status $(files out/bin | wc -w)" "0 2"
done

# ---- the partial directory stayed, since its files were still open ----

for more in '' '--keygen --manifest m.csv --sha256sums'; do
	two
	# shellcheck disable=SC2086 # words
	odd_fs silly mfg_gen generate conf.csv values.csv P 0x3000 --outdir out \
		$more
	is "files keep a name while they are open: a batch $more" \
		"$status $(find out -name '.*')" "0 "
	odd_fs silly factory_nvs_gen batch --count 2 --outdir out --qr L
	is "files keep a name while they are open: HomeKit" \
		"$status $(find out -name '.*')" "0 "
done

# ---- the outdir was removed under its users' feet ----

two
mkdir gone
cd gone || exit 1
rmdir "$T/gone"
try mfg_gen generate "$T/conf.csv" "$T/values.csv" P 0x3000
cd "$T" || exit 1
refused "an outdir that was removed" 1 \
	"cannot make the directory './.mfg_gen-P.partial': No such file"

# ---- a directory of another mount, found out at the very end ----

two
mkdir -p out/bin elsewhere
try unshare -m true
if [ "$status" -eq 0 ]; then
	# shellcheck disable=SC2016 # for the inner shell
	try unshare -m sh -c 'mount --bind elsewhere out/bin && exec "$@"' sh \
		mfg_gen generate conf.csv values.csv P 0x3000 --outdir out
	refused "bin/ is mounted from the same file system" 1 \
		"'out/bin' leads to another file system"
	is "bin/ is mounted: nothing is written" "$(files out)" ""
else
	skip "bin/ is mounted from the same file system" "no right to mount"
fi

# ---- a directory without permission, found out at the very end ----

if [ "$(id -u)" -eq 0 ]; then
	two
	chmod 755 "$LIB_DIR" "$T"
	for dir in bin csv keys labels; do
		rm -rf out
		mkdir -p "out/$dir"
		chown -R $NOBODY out
		chmod 555 "out/$dir"
		before=$(tree out)
		as_nobody factory_nvs_gen batch --count 2 --outdir out --qr L \
			--encrypt true --keygen true
		refused "$dir/ can't be written to" 1 \
			"in 'out': cannot write in the directory '$dir'"
		is "$dir/ can't be written to: nothing is made" \
			"$(tree out)" "$before"
	done
	rm -rf out
	mkdir -p out/keys
	chown $NOBODY out
	chmod 700 out/keys
	as_nobody mfg_gen generate conf.csv values.csv P 0x3000 --outdir out
	succeeds "keys/ of somebody else, for a batch without keys"
	as_nobody mfg_gen generate conf.csv values.csv Q 0x3000 --outdir out \
		--keygen
	refused "keys/ of somebody else, for one with keys" 1 \
		"cannot open the directory 'keys'"
	mkdir drop
	chown $NOBODY drop
	chmod 333 drop
	as_nobody mfg_gen generate conf.csv values.csv R 0x3000 --outdir out \
		--manifest drop/m.csv
	refused "a directory that can be written to but not read" 1 \
		"cannot write 'drop/m.csv': Permission denied"
	is "a directory that can't be read: nothing is made" \
		"$(find out -name '*R*')" ""

	# What could not be read was said to lack its first key, or to be empty.
	two
	try mfg_gen generate conf.csv values.csv P 0x3000 --outdir out --keygen
	chown -R $NOBODY out
	for file in bin/P-1.bin csv/P-1.csv keys/keys-P-1.bin; do
		chmod 0 "out/$file"
		as_nobody mfg_gen verify --outdir out
		is "verify: $file can't be read" "$status $(cat "$ERR")" \
			"1 out/bin/P-1.bin: error: $(
			case $file in
			csv/*) echo "its CSV: " ;;
			keys/*) echo "its key file: " ;;
			esac)cannot open 'out/$file': Permission denied"
		chmod 600 "out/$file"
	done
	chmod 400 out/keys
	as_nobody mfg_gen verify --outdir out
	refused "verify: a directory of keys that can't be entered" 1 \
		"cannot open 'out/keys/keys-P-1.bin': Permission denied"
	chmod 700 out/keys
else
	skip "directories without permission" "only root can be another user"
fi

# ---- outputs in the place of inputs, or of each other ----
# A HomeKit batch told its engine nothing of the table of codes it was made
# from, and nobody looked at partition tables.

two
printf 'setup_code,setup_id\n11122333,ES32\n' >setup-L.csv
cp setup-L.csv codes.csv
printf 'nvs,data,nvs,0x9000,0x4000\n' >parts.csv
cp parts.csv parts.bin
codes=(factory_nvs_gen batch L --outdir out --overwrite)
for manifest in codes.csv in.csv parts.csv out/setup-L.csv \
	out/.factory_nvs_gen-L.plan out; do
	refuses "HomeKit: the manifest in the place of $manifest" 1 \
		"'$manifest'" 'would take the place of' -- "${codes[@]}" \
		--values codes.csv --infile in.csv --manifest "$manifest" \
		--partition-table parts.csv --size nvs
done
refuses "HomeKit: the codes in the place of their table" 1 \
	"'./setup-L.csv' would take the place of 'setup-L.csv'" -- \
	"${codes[@]}" --outdir . --values setup-L.csv
refuses "HomeKit: the codes in the place of the entries" 1 \
	"'./setup-L.csv' would take the place of 'setup-L.csv'" -- \
	"${codes[@]}" --outdir . --count 1 --infile setup-L.csv
mkdir -p out/csv
mv codes.csv out/csv/L-1.csv
refuses "HomeKit: a CSV in the place of the table" 1 \
	"'out/csv/L-1.csv' would take the place of" -- \
	"${codes[@]}" --values out/csv/L-1.csv
refuses "a manifest in the place of the partition table" 1 \
	"'parts.csv' would take the place of 'parts.csv'" -- \
	mfg_gen generate conf.csv values.csv P nvs --partition-table parts.csv \
	--manifest parts.csv --overwrite
refuses "an image in the place of the partition table" 1 \
	"'parts.bin' would take the place of 'parts.bin'" -- \
	nvs_partition_gen generate in.csv parts.bin nvs \
	--partition-table parts.bin
refuses "HomeKit: an image in the place of the partition table" 1 \
	"parts.bin' would take the place of 'parts.bin'" -- \
	factory_nvs_gen 11122333 ES32 ./parts --partition-table parts.bin \
	--size nvs

# ---- manifests that got lost, or that no run could write ----

two
for manifest in out/.mfg_gen-P.partial/m.csv out/.mfg_gen-P.partial out/bin \
	out/labels; do
	refuses "no place for a manifest: $manifest" 1 \
		'among the files of the devices' -- mfg_gen generate conf.csv \
		values.csv P 0x3000 --outdir out --manifest $manifest
done
refuses "no place for a manifest: the outdir" 1 "take the place of 'out'" -- \
	mfg_gen generate conf.csv values.csv P 0x3000 --outdir out --manifest ./out
refuses "a manifest without a name" 2 '--manifest: the name of a file is' -- \
	mfg_gen generate conf.csv values.csv P 0x3000 --manifest ''
refuses "a manifest for stdout" 2 '--manifest: standard output has' -- \
	factory_nvs_gen batch --count 1 L --manifest -

# ---- names that are not UTF-8: made, but never published ----

two
latin=$(printf 'P\374')
refuses "a prefix that is not UTF-8" 1 "the prefix 'P\\xfc' is not UTF-8" -- \
	mfg_gen generate conf.csv values.csv "$latin" 0x3000 --sha256sums
refuses "HomeKit: a prefix that is not UTF-8" 1 'is not UTF-8' -- \
	factory_nvs_gen batch --count 1 "$latin"
sed -i 3d values.csv
refuses "a key file whose name is not UTF-8" 1 \
	"the name of the key file 'P\\xfc.bin' is not UTF-8" -- \
	mfg_gen generate conf.csv values.csv P 0x3000 --keygen \
	--keyfile "$latin" --manifest m.csv

# ---- a HomeKit batch's key file, outdir and prefix ----

two
batch=(factory_nvs_gen batch --count 1 --encrypt true --keygen true)
refuses "HomeKit batch: another extension of a key" 2 \
	"'k.txt' can only have the extension .bin" -- \
	"${batch[@]}" L --outdir out --keyfile k.txt
try "${batch[@]}" L --outdir out --keyfile k
is "HomeKit batch: the extension of a key" "$status $(files out/keys)" \
	"0 k.bin"
try "${batch[@]}" L --outdir ''
is "HomeKit batch: an empty outdir is the current directory" \
	"$status $(tail -n 1 "$OUT")" "0 setup codes: ./setup-L.csv"
refuses "HomeKit batch: a prefix that is too long for its plan" 1 \
	'has 234 bytes, for file names 233 are possible' -- \
	"${batch[@]}" "$(repeat 234 p)"
try "${batch[@]}" "$(repeat 233 p)" --outdir long
succeeds "HomeKit batch: the longest prefix"

# ---- verify between the two halves of a batch that is published ----

two
mkdir -p out/bin out/csv
try mfg_gen generate conf.csv values.csv Q 0x3000 --outdir out
failing CALL=renameat2 AT=3 SIGNAL=9 -- mfg_gen generate conf.csv values.csv \
	P 0x3000 --outdir out --jobs 1
try mfg_gen verify --outdir out
refused "verify: a batch that is half in place" 1 \
	"csv/P-1.csv: error: there is no image of that name" \
	"out/.mfg_gen-P.partial: warning: a run that was stopped"
try mfg_gen verify --outdir out Q
is "verify: it is no concern of another batch" "$status $(cat "$ERR")" "0 "
try mfg_gen generate conf.csv values.csv P 0x3000 --outdir out --resume
rm out/bin/P-1.bin
try mfg_gen verify --outdir out
is "verify: of no concern when it is complete" \
	"$status $(grep -c warning "$ERR")" "1 0"

# ---- 65,535 keys took half a minute to be found in the header ----

fresh
{
	echo dev,namespace,
	seq -f 'k%.0f,data,u8' 65535
} >conf.csv
seq -f 'k%.0f' 65535 | paste -sd , >values.csv
repeat 65534 x | sed 's/x/1,/g; s/$/1\n/' >>values.csv
last_command="mfg_gen generate, 65,535 keys" status=0
timeout 25 mfg_gen generate conf.csv values.csv P 0x400000 --outdir out \
	>"$OUT" 2>"$ERR" || status=$?
succeeds "65,535 keys"

finish

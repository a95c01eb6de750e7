#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# factory_nvs_gen batch: setup codes for many accessories, their images, the
# table of codes, labels; what is refused, and what a killed run leaves.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"
need_tools factory_nvs_gen mfg_gen nvs_partition_gen

COUNT=1000
[ -z "${SAN:-}" ] || COUNT=100

gen() {
	try factory_nvs_gen batch "$@"
}

# The lines of a table of codes, without header and line ends.
rows() {
	tail -n +2 "$1" | tr -d '\r'
}

# column N TABLE
column() {
	rows "$2" | cut -d, -f"$1"
}

# Every accessory's image has the checksum that the table says, nothing else
# has. Prints what is wrong.
wrong_sums() {
	rows "$1/setup-P.csv" | awk -F, '{ print $6 "  " $5 }' |
		(cd "$1" && sha256sum --quiet -c 2>&1)
	diff <(column 5 "$1/setup-P.csv" | sort) \
		<(cd "$1" && find bin -type f | sort)
}

# check_verifiers DIR PICK: of the lines that awk's PICK takes
check_verifiers() {
	rows "$1/setup-P.csv" | awk -F, "$2 { print \$5, \$2, \$3 }" |
		(cd "$1" && xargs -r "$BUILD/test/srp_check")
}

# ---- drawn ----

gen --count $COUNT --outdir out P
succeeds "$COUNT accessories"
prints "$COUNT accessories: says how many" "$COUNT devices made in out" \
	'out/setup-P.csv'
is 'nothing but csv, bin and the table of codes' "$(ls -A out)" \
	$'bin\ncsv\nsetup-P.csv'
is 'the table of codes is for its owner only' \
	"$(stat -c %a out/setup-P.csv)" 600
is 'its header' "$(head -n 1 out/setup-P.csv | tr -d '\r')" \
	'id,setup_code,setup_id,setup_payload,image,sha256'
is 'its lines' "$(rows out/setup-P.csv | grep -cE \
	'^[0-9]+,[0-9]{8},[0-9A-Z]{4},X-HM://[0-9A-Z]{13},bin/P-[0-9]+\.bin,[0-9a-f]{64}$')" \
	$COUNT
is 'ids count the rows' "$(column 1 out/setup-P.csv)" "$(seq $COUNT)"
for n in 2 3 4; do
	is "column $n: no value twice" \
		"$(column $n out/setup-P.csv | sort | uniq -d)" ''
done
is 'no forbidden code' "$(column 2 out/setup-P.csv |
	grep -xE '(.)\1{7}|12345678|87654321')" ''
is 'each image and its checksum' "$(wrong_sums out)" ''
is '20 verifiers, computed another way' \
	"$(check_verifiers out "NR % ($COUNT / 20) == 0")" '20 checked'
is 'all digits occur in each place of a code' \
	"$(for n in 1 2 3 4 5 6 7 8; do
		column 2 out/setup-P.csv | cut -c$n | sort -u | tr -d '\n'
		echo
	done | sort -u)" 0123456789
try mfg_gen verify --outdir out P
prints 'mfg_gen verify finds them right' "$COUNT images verified, 0 wrong"
refuses 'the same again: the codes are not overwritten' 1 \
	'out/setup-P.csv' --overwrite -- \
	factory_nvs_gen batch --count 3 --outdir out P
rm -r out

gen --count 3 --outdir one P
gen --count 3 --outdir two P
not_ok 'another run, other codes' cmp -s one/setup-P.csv two/setup-P.csv
gen --count 2 --outdir one --overwrite P
succeeds 'with --overwrite'
is 'with --overwrite: a new table of codes' \
	"$(rows one/setup-P.csv | wc -l)" 2
rm -r one two

# ---- labels ----

gen --count 12 --qr --category lighting --flags ip+ble --outdir out \
	--encrypt true --keygen true --size 0x3000 --version v1 P
succeeds 'labels and keys'
is 'a label as PNG and SVG for each' "$(find out/labels -type f | wc -l)" 24
is 'labels and keys are for their owner only' \
	"$(stat -c %a out/labels/* out/keys/* | sort -u)" 600
is 'a key for each' "$(find out/keys -name 'keys-P-*.bin' | wc -l)" 12
try mfg_gen verify --outdir out P
prints 'encrypted images decrypt to their CSVs' '12 images verified, 0 wrong'
if command -v zbarimg >/dev/null; then
	for n in 1 7 12; do
		is "label $n decodes to the payload" \
			"$(zbarimg -q --raw -Sdisable -Sqrcode.enable \
				out/labels/P-$n.png 2>/dev/null)" \
			"$(column 4 out/setup-P.csv | sed -n ${n}p)"
	done
else
	skip 'labels decoded' 'no zbarimg here (Debian: zbar-tools)'
fi
is 'an SVG for each' "$(grep -lF '</svg>' out/labels/*.svg | wc -l)" 12
for n in 1 12; do
	nvs_partition_gen decrypt out/bin/P-$n.bin out/keys/keys-P-$n.bin \
		$n.bin >/dev/null
done
is 'version 1 in the page header' "$(od -An -tx1 -j8 -N1 1.bin)" ' ff'
not_ok 'each has its own key' cmp -s out/keys/keys-P-1.bin \
	out/keys/keys-P-12.bin
fresh

# ---- given ----

cat >values.csv <<'END'
note,setup_id,setup_code,salt,serial
"first,
one",7OSX,51808582,263FEA64889756A8E25FD53DD5FA1022,SN-1
,ES32,11122333,000102030405060708090a0b0c0d0e0f,SN-2
END
gen --values values.csv --fileid serial --category 7 --qr --manifest m.csv P
succeeds 'codes, ids and salts from a table'
is 'codes from a table: a payload of the specification' \
	"$(column 4 setup-P.csv | head -n 1)" X-HM://007JNU5AE7OSX
same 'codes from a table: the image of the recorded run' bin/P-SN-2.bin \
	"$ROOT/test/golden-homekit/plain/expect/fan_factory.bin"
is 'codes from a table: the manifest' \
	"$(tail -n +2 m.csv | cut -d, -f1,3)" $'SN-1,bin/P-SN-1.bin\nSN-2,bin/P-SN-2.bin'
is 'labels are called like images' "$(files labels)" \
	'P-SN-1.png P-SN-1.svg P-SN-2.png P-SN-2.svg'
gen --values values.csv --category fan --outdir fan P
is 'another category' "$(column 4 fan/setup-P.csv | tail -n 1)" \
	X-HM://003KXDZMLES32
sed '/^note/!s/,[0-9a-fA-F]\{32\},/,,/; 1s/salt/x/' values.csv >no-salt.csv
gen --values no-salt.csv --fileid serial --outdir out P
succeeds 'without a column salt'
is 'without a column salt: fresh ones' "$(check_verifiers out 1)" '2 checked'
not_ok 'without a column salt: other images' cmp -s out/bin/P-SN-2.bin \
	bin/P-SN-2.bin
try_with_input factory_nvs_gen batch --values - --outdir piped P \
	$'setup_code,setup_id\n31415926,AB12\n'
succeeds 'a table from a pipe'
is 'a table from a pipe: its code' "$(column 2 piped/setup-P.csv)" 31415926
gen --values values.csv --fileid serial --category 7 --outdir mfi \
	--product-data 1122334455667788 P
is 'product data' "$(column 4 mfi/setup-P.csv | head -n 1)" \
	X-HM://0E8NKO6YU7OSX0CZ067T6WCYA44AY9S

# The same as many single runs.
printf 'key,type,encoding,value\n# own\napp,namespace,,\n' >own.csv
printf 'pem,data,string,"line 1\nline 2, ""quoted"""\nn,data,i16,-3\n' >>own.csv
printf '#k,data,hex2bin,00ff\nw,data,blob_fill(8;0x2a),ab\n' >>own.csv
gen --values values.csv --fileid serial --infile own.csv --outdir own P
succeeds 'with entries of the maker'
for line in 7OSX,51808582,263fea64889756a8e25fd53dd5fa1022,SN-1 \
	ES32,11122333,000102030405060708090a0b0c0d0e0f,SN-2; do
	IFS=, read -r id code salt serial <<<"$line"
	factory_nvs_gen "$code" "$id" "$serial" --salt "$salt" \
		--infile own.csv >/dev/null
	same "$serial: the image is that of a single run" \
		"own/bin/P-$serial.bin" "$serial.bin"
done
KEY=$ROOT/test/golden-homekit/encrypted/in/nvs_keys.bin
gen --values values.csv --fileid serial --encrypt true --outdir enc \
	--keyfile "$KEY" P
succeeds 'one key for all'
try nvs_partition_gen decrypt enc/bin/P-SN-2.bin "$KEY" plain.bin
same 'one key for all: decrypts to the plain image' plain.bin \
	"$ROOT/test/golden-homekit/plain/expect/fan_factory.bin"
is 'one key for all: no key files' "$(ls enc)" $'bin\ncsv\nsetup-P.csv'
fresh

# ---- partition tables ----

printf 'nvs,data,nvs,,0x6000,\nfctry,data,nvs,,24K,\n' >partitions.csv
gen --count 2 --partition-table partitions.csv --size fctry --outdir out P
prints 'the size of a partition: where to flash' '0xf000 out/bin/P-*.bin'
is 'the size of a partition' "$(stat -c %s out/bin/P-2.bin)" 24576
fresh

# ---- refused ----

table() {
	printf '%s\n' "$@" >values.csv
}
refuses_table() {
	local name=$1
	shift
	refuses "$name" 1 "$@" -- factory_nvs_gen batch --values values.csv \
		--outdir out P
}
table setup_code,setup_id 11122333,ES32 12345678,ES33 2345671,ES34 \
	1234567x,ES35
refuses_table 'codes: forbidden, seven digits, letters' values.csv:3:1 \
	12345678 values.csv:4:1 '7 digits' values.csv:5:1 digit
not_ok 'a code that is no code is not shown' grep -qE '2345671|1234567x' "$ERR"
table setup_code,setup_id 11122333,es32 21122333,ES3 31122333,
refuses_table 'setup ids' values.csv:2:10 es32 values.csv:3:10 \
	values.csv:4:10
table setup_code,setup_id,salt 11122333,ES32,0011 \
	21122333,ES33,000102030405060708090a0b0c0d0e0g 31122333,ES34,
refuses_table 'salts' values.csv:2:15 '4 characters' values.csv:3:15 \
	values.csv:4:15
table setup_code,setup_id 31122333,ES32 31122333,ES33 21122333,ES32
refuses_table 'a code and an id twice' values.csv:3:1 'line 2' \
	values.csv:4:10 ES32
not_ok 'a code twice is not shown' grep -q 31122333 "$ERR"
table setup_code,id 11122333,ES32
refuses_table 'no column setup_id' values.csv:1 setup_id
table setup_code,setup_id
refuses_table 'no accessory' values.csv 'no accessory'
: >values.csv
refuses_table 'an empty table' values.csv:1 setup_code
table setup_code,setup_id 11122333
refuses_table 'a missing cell' values.csv:2 '1 cell,'
table setup_code,setup_id,sn 11122333,ES32,a/b 21122333,ES33,x \
	31122333,ES34,x
refuses 'names of files' 1 values.csv:2:15 a/b values.csv:4:15 -- \
	factory_nvs_gen batch --values values.csv --fileid sn P
refuses 'no such column' 1 values.csv:1 other -- \
	factory_nvs_gen batch --values values.csv --fileid other P
refuses 'no such table' 1 none.csv -- factory_nvs_gen batch \
	--values none.csv P
for i in $(seq 30); do echo "1,ES$i"; done | sed '1i setup_code,setup_id' \
	>values.csv
gen --values values.csv P
is 'twenty mistakes are shown' "$(grep -c values.csv "$ERR")" 20
says 'and the rest is counted' 'and 19 more'

for args in '' '--count 0' '--count -1' '--count 1000001' '--count x' \
	'--count 3 --values values.csv' '--count 3 --fileid sn' \
	'--count 3 --category 256' '--count 3 --category lamp' \
	'--count 3 --flags wac' '--count 3 --flags ip,usb' \
	'--count 3 --flags=' '--count 3 --product-data 12' \
	'--count 3 --encrypt true' '--count 3 --keygen true' \
	'--count 3 --keyfile k.bin' '--count 3 --version 3' \
	'--count 3 --resume --restart' '--count 3 --size abc' \
	'--count 3 --encrypt true --keygen true --keyfile a/b.bin' \
	'--count 3 --partition-table partitions.csv'; do
	# shellcheck disable=SC2086 # a list of words
	refuses "wrong usage: '$args'" 2 'error:' -- \
		factory_nvs_gen batch $args P
done
refuses 'no prefix' 2 prefix -- factory_nvs_gen batch --count 3
refuses 'a prefix with a slash' 1 a/b -- factory_nvs_gen batch --count 3 a/b
refuses 'too small' 1 0x3000 -- \
	factory_nvs_gen batch --count 3 --size 0x2000 P
refuses 'no such key' 1 k.bin -- factory_nvs_gen batch --count 3 \
	--encrypt true --keyfile k.bin P
refuses 'one name for three keys' '1 2' keyfile -- factory_nvs_gen batch \
	--count 3 --encrypt true --keygen true --keyfile k.bin P
printf 'key,type,encoding,value\napp,namespace,,\nn,data,u8,300\n' >own.csv
refuses 'a mistake in the infile has its place there' 1 own.csv:3:11 300 -- \
	factory_nvs_gen batch --count 3 --infile own.csv P
printf 'key,type,encoding,value\nhap_setup,namespace,,\n%s\n' \
	'setup_salt,data,hex2bin,00' >own.csv
refuses 'a setup key that is there already' 1 setup_salt -- \
	factory_nvs_gen batch --count 3 --infile own.csv P
{
	printf 'key,type,encoding,value\napp,namespace,,\nb,data,hex2bin,'
	head -c 24000 /dev/zero | tr '\0' a
} >own.csv
refuses 'an infile that does not fit' 1 own.csv -- \
	factory_nvs_gen batch --count 3 --infile own.csv P
printf 'nvs,data,nvs,0x9000,0x6000\nb,data,nvs,0xe000,0x6000\n' \
	>partitions.csv
refuses 'overlapping partitions' 1 partitions.csv:2 -- factory_nvs_gen \
	batch --count 3 --partition-table partitions.csv --size nvs P
printf 'nvs,data,nvs,0x9000,0x6000\n' >partitions.csv
refuses 'an unknown partition' 1 "'fctry'" -- factory_nvs_gen \
	batch --count 3 --partition-table partitions.csv --size fctry P
mkdir bin
touch bin/P-2.bin
refuses 'an image that is there already' 1 bin/P-2.bin -- \
	factory_nvs_gen batch --count 3 P
fresh
mkdir labels
touch labels/P-2.svg
refuses 'a label that is there already' 1 labels/P-2.svg -- \
	factory_nvs_gen batch --count 3 --qr P
gen --count 3 P
succeeds 'without --qr it is in nobody'\''s way'
fresh

# ---- killed ----

RANDOM=${SEED:=$$}
echo "# SEED=$SEED repeats the moments"
PLAN=out/.factory_nvs_gen-P.plan
KILLED=60 HITS=12
[ -z "${SAN:-}" ] || KILLED=24
BATCH=(factory_nvs_gen batch --count "$KILLED" --qr --outdir out --quiet
	--encrypt true --keygen true P)

from=$(date +%s%N)
try "${BATCH[@]}"
whole=$((($(date +%s%N) - from) / 1000))
rm -rf out

# Codes, ids and keys that are on disk.
plan_codes() {
	tail -n +2 "$PLAN" | cut -d, -f1,2
}
hits=0 plans=0 tries=0 lost=
args=()
: >codes
# Until enough kills hit, and enough of them found codes on disk.
while { [ "$hits" -lt $HITS ] || [ "$plans" -le 2 ]; } &&
	[ "$tries" -lt 200 ]; do
	tries=$((tries + 1))
	delay=$((whole * (RANDOM % 1000) / 1000))
	"${BATCH[@]}" "${args[@]}" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	sleep "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))"
	kill -KILL $pid 2>/dev/null
	status=0
	wait $pid 2>/dev/null || status=$?
	if [ $status -ne 137 ]; then
		[ $status -eq 0 ] || lost+="status $status: $(cat "$ERR") "
		# It was faster.
		[ ! -s codes ] || lost+=$(column 2,3 out/setup-P.csv |
			diff codes - | head -n 3)
		rm -rf out
		args=()
		: >codes
		continue
	fi
	hits=$((hits + 1))
	args=(--resume)
	if [ -e "$PLAN" ]; then
		plans=$((plans + 1))
		[ ! -s codes ] || lost+=$(plan_codes | diff codes - |
			head -n 3)
		plan_codes >codes
		[ "$(stat -c %a "$PLAN")" = 600 ] || lost+='mode of the plan'
	elif [ -e out/setup-P.csv ]; then
		# All was done but to exit.
		rm -rf out
		args=()
		: >codes
	fi
done
ok "killed $HITS times" test "$hits" -ge $HITS
ok 'some of them with codes drawn' test "$plans" -gt 2
is 'no code is lost or changed on the way' "$lost" ''
if [ ! -s codes ]; then
	# None is open now: stop one behind its plan.
	rm -rf out
	"${BATCH[@]}" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	while [ ! -e "$PLAN" ] && kill -0 $pid 2>/dev/null; do :; done
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	plan_codes >codes
fi
refuses 'after a kill: another run says what to do' 1 --resume --restart -- \
	"${BATCH[@]}"
refuses 'after a kill: another --count' 1 "$PLAN" --restart -- \
	factory_nvs_gen batch --count 7 --outdir out --resume P
try "${BATCH[@]}" --resume
succeeds 'after a kill: --resume'
is 'after a kill: the codes of the plan' "$(column 2,3 out/setup-P.csv)" \
	"$(cat codes)"
is 'after a kill: nothing is left behind' "$(ls -A out)" \
	$'bin\ncsv\nkeys\nlabels\nsetup-P.csv'
is 'after a kill: all labels' "$(find out/labels -type f | wc -l)" \
	$((2 * KILLED))
is 'after a kill: each image and its checksum' "$(wrong_sums out)" ''
try mfg_gen verify --outdir out P
prints 'after a kill: images and keys' "$KILLED images verified, 0 wrong"
refuses 'nothing to resume' 1 'nothing to resume' -- "${BATCH[@]}" --resume
rm -rf out

# The same with a table without salts: they come from the plan.
printf 'setup_code,setup_id\n11122333,ES32\n21122333,ES33\n' >values.csv
mkdir out
printf 'setup_code,setup_id,salt\r\n%s\r\n%s\r\n' \
	11122333,ES32,000102030405060708090a0b0c0d0e0f \
	21122333,ES33,000102030405060708090a0b0c0d0e0f >"$PLAN"
sed s/ES33/ES34/ values.csv >other.csv
refuses 'a plan of other accessories' 1 "$PLAN" values -- factory_nvs_gen \
	batch --values other.csv --outdir out --resume P
gen --values values.csv --outdir out --resume P
same 'salts come from the plan' out/bin/P-1.bin \
	"$ROOT/test/golden-homekit/plain/expect/fan_factory.bin"
rm -rf out
mkdir out
echo rubbish >"$PLAN"
gen --count 2 --outdir out --restart P
succeeds '--restart throws the plan away'
not_ok '--restart: it is gone' test -e "$PLAN"
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Each message that docs/troubleshooting.md lists is one that the tools print,
# and in the case that is meant; each line of its tables has a case here.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen
PATH=$ROOT/test/standin:$PATH
DOC=$ROOT/docs/troubleshooting.md
FLASHER=$ROOT/tools/flash-from-manifest.sh
listed=0

# listed MESSAGE: the last command said so, and the document has it
listed() {
	listed=$((listed + 1))
	if ! grep -qF "| \`$1\` |" "$DOC"; then
		fail "$1" "docs/troubleshooting.md does not list it"
	else
		says "$1" "$1"
	fi
}

# generate CONF VALUES ARGUMENT...
generate() {
	try mfg_gen generate "$1" "$2" P 0x3000 "${@:3}"
}

# row TEXT: the values table with this as its second row
row() {
	printf 'sn,n,h\nA,1,00\n%b\n' "$1" >values.csv
	generate conf.csv values.csv --fileid sn --check
}

# stopped OUTDIR: a run that got as far as the first images
stopped() {
	(
		trap '' XFSZ
		ulimit -f 8
		generate conf.csv good.csv --outdir "$1"
	)
}

printf 'a,namespace,\nsn,data,string\nn,data,u8\nh,data,hex2bin\n' >conf.csv
printf 'sn,n,h\nA,1,00\nB,2,01\n' >good.csv

row 'B,1.7E+09,00'
listed 'is no number of type'
row 'B,256,00'
listed 'does not fit'
row 'B,2,0'
listed 'an odd number of hex digits'
row 'B,,00'
listed 'is empty where a number has to be'
row 'B,2'
listed 'one or more are missing'
row 'B,2,00,'
listed 'remove the commas at the end of the line'
row 'B,2,00,1'
listed 'a value with a comma in it has to be quoted'
row '"B,2,00'
listed 'the quote that opens this cell is never closed'
row 'A,2,00'
listed 'is that of line'
row ',2,00'
listed 'is empty: it becomes part of the file names'
row 'B\0374,2,00'
listed 'is not UTF-8: save the file as UTF-8'
printf 'sn;n;h\nA;1;00\n' >values.csv
generate conf.csv values.csv
listed "the first row is one cell with ';' in it"
printf '\377\376s\0n\0' >values.csv
generate conf.csv values.csv
listed 'the file is UTF-16'
printf 'sn,n\nA,1\n' >values.csv
generate conf.csv values.csv
listed 'has no column in'
printf 'sn,h,n\nA,00,1\n' >values.csv
generate conf.csv values.csv
listed 'is out of order'
generate conf.csv good.csv --fileid serial
listed 'there is no column'
sed 's/^h,data/h,file/' conf.csv >file.csv
generate file.csv good.csv
listed ': No such file or directory'
printf 'A\nC\n' >ids
generate conf.csv good.csv --fileid sn --only ids
listed 'is not in'
printf 'A\nA\n' >ids
generate conf.csv good.csv --fileid sn --only ids
listed 'is listed twice'
printf 'a,namespace,\nsn,data,binary\n' >long.csv
{ echo sn && head -c 9000 /dev/zero | tr '\0' x; } >values.csv
generate long.csv values.csv
listed 'the data does not fit the partition'
printf 'a,namespace,\nkey_19259,data,u8\nkey_120029,data,u8\n' >hash.csv
generate hash.csv good.csv
listed 'have the same lookup hash'
printf 'nvs,data,nvs,,24K\n' >table.csv
try mfg_gen generate conf.csv good.csv P nvs_fctry --partition-table table.csv
listed 'the table has:'
try mfg_gen generate conf.csv good.csv P 10000
listed 'not a positive multiple of 4096'

generate conf.csv good.csv --outdir made --manifest made.csv
generate conf.csv good.csv --outdir made
listed 'is there already: choose another --outdir or prefix'
stopped full
listed 'cannot write'
generate conf.csv good.csv --outdir full
listed 'an earlier run was stopped and left'
generate conf.csv good.csv --outdir full --resume --version 1
listed 'was left by a run with another'
mv full/.mfg_gen-P.partial/fingerprint .
generate conf.csv good.csv --outdir full --resume
listed 'its fingerprint is gone'
mv fingerprint full/.mfg_gen-P.partial
echo publishing >>full/.mfg_gen-P.partial/fingerprint
generate conf.csv good.csv --outdir full --restart
listed 'had begun to publish'
exec 7<full/.mfg_gen-P.partial/fingerprint
flock 7
generate conf.csv good.csv --outdir full --resume
listed 'another run is at work'
exec 7<&-
try mfg_gen generate-key --keyfile key.bin
try mfg_gen generate-key --keyfile key.bin
listed 'and a key is never overwritten'
HMAC=(--keygen --key_protect_hmac --kp_hmac_keygen)
generate conf.csv good.csv --outdir hmac "${HMAC[@]}"
generate conf.csv good.csv --outdir hmac "${HMAC[@]}" --overwrite
listed 'move that key away'
printf 'sn,n,h\nab,1,00\nAB,2,01\n' >case.csv
try env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" ODDFS=fold \
	LD_PRELOAD="$BUILD/test/preload/oddfs.so" mfg_gen generate conf.csv \
	case.csv P 0x3000 --fileid sn --outdir case --jobs 1
listed 'names for one'
generate conf.csv good.csv --outdir conf.csv/out
listed 'cannot open the directory'
# As soon as something is made; a batch this long is not through by then.
seq 20000 | sed 's/.*/&,1,00/; 1i sn,n,h' >many.csv
mfg_gen generate conf.csv many.csv P 0x3000 --outdir many >"$OUT" 2>"$ERR" &
until [ -e many/.mfg_gen-P.partial/fingerprint ] || ! kill -0 $! 2>/dev/null
do
	sleep 0.005
done
kill $! 2>/dev/null
wait $!
listed 'interrupted; what was made so far is in'

generate conf.csv good.csv --inputkey conf.csv
listed 'does not have the extension .bin'
head -c 63 keys/key.bin >short.bin
generate conf.csv good.csv --inputkey short.bin
listed 'are no NVS key'
{ printf x && tail -c +2 keys/key.bin; } >wrong.bin
generate conf.csv good.csv --inputkey wrong.bin
listed 'does not match, the file is damaged or no key partition'
generate conf.csv good.csv --outdir secret --inputkey keys/key.bin
listed 'this key encrypts all'
head -c 32 /dev/zero | tr '\0' '\21' >plain.bin
head -c 32 /dev/zero | tr '\0' '\42' >>plain.bin
generate conf.csv good.csv --check --inputkey plain.bin
listed 'the key follows a pattern'

try mfg_gen verify --outdir secret
listed 'if it is encrypted, its key is needed'
try mfg_gen generate-key --keyfile other.bin
try mfg_gen verify --outdir secret --inputkey keys/other.bin
listed 'the key does not fit'
generate conf.csv good.csv --outdir hmac --keygen --key_protect_hmac \
	--kp_hmac_keygen
rm hmac/keys/hmac-keys-P-2.bin
try mfg_gen verify --outdir hmac
listed 'its HMAC key file'
rm hmac/keys/keys-P-2.bin
try mfg_gen verify --outdir hmac
listed 'its key file'
try mfg_gen verify --outdir made --inputkey keys/key.bin
listed 'the image is not encrypted'
sed 's/^1,/3,/' made.csv >mixed.csv
try mfg_gen verify --outdir made --manifest mixed.csv
listed "is not the id in the name of this row's image"
cp -r made bad
cp bad/bin/P-1.bin bad/bin/P-2.bin
try mfg_gen verify --outdir bad
listed 'differs from the CSV'
try mfg_gen verify --outdir bad --manifest made.csv
listed 'the image is not the one in the manifest'
generate conf.csv good.csv --outdir cut --prefix_num 1 1
generate conf.csv good.csv --outdir cut
truncate -s 4096 cut/bin/P-2.bin
try mfg_gen verify --outdir cut
listed 'it was cut or is not of this batch'
rm cut/bin/P-2.bin
try mfg_gen verify --outdir cut
listed 'there is no image of that name'
printf x | dd of=cut/bin/P-1.bin bs=1 seek=100 conv=notrunc status=none
try mfg_gen verify --outdir cut
listed '(entry_crc)'
try mfg_gen verify --outdir full
listed 'there is no image'

try "$FLASHER" --offset 0x9000 --outdir bad made.csv 2
listed 'is not what'
try "$FLASHER" --offset 0x9000 --outdir made made.csv 1
try "$FLASHER" --offset 0x9000 --outdir made made.csv 1
listed 'is flashed already'
generate conf.csv good.csv --outdir keyed --keygen --manifest keyed.csv
try "$FLASHER" --offset 0x9000 --outdir keyed keyed.csv 1
listed 'say where it goes with --key-offset'
try env FLASH_FAILS=1 "$FLASHER" --offset 0x9000 --outdir made made.csv 2
listed 'esptool failed'
exec 7<made.csv
flock 7
try "$FLASHER" --offset 0x9000 --outdir made --next made.csv
listed 'another station flashes from'

is "every message of the document was seen" "$listed" \
	"$(grep -c '^| `' "$DOC")"
finish

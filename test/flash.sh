#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tools/flash-from-manifest.sh gives esptool what the manifest says, checks it
# before, and remembers what it has done. test/standin/esptool.py is the device.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_tool
PATH=$ROOT/test/standin:$PATH
export FLASH=$T/flash

printf 'a,namespace,\nsn,data,string\n' >conf.csv
printf '%s\n' sn '"S,1"' '"S ""2"""' S-3 S-30 >values.csv
printf 'nvs,data,nvs,,24K\nfctry,data,nvs,0x10000,12K\nk,data,nvs_keys,,4K,encrypted\n' \
	>table.csv

# generate OUTDIR OPTION...: the batch, with a manifest OUTDIR.csv
generate() {
	mfg_gen generate conf.csv values.csv P fctry --quiet --fileid sn \
		--partition-table table.csv --outdir "$1" --manifest "$1.csv" \
		"${@:2}" 2>"$ERR" || fail "generate $*" "$(cat "$ERR")"
}

# flash ARGUMENT...: on a device whose flash is empty
flash() {
	rm -f "$FLASH"
	head -c 131072 /dev/zero | tr '\0' '\377' >"$FLASH"
	try "$ROOT/tools/flash-from-manifest.sh" "$@"
}

# in_flash OFFSET FILE: whether these bytes are there
# shellcheck disable=SC2317 # called by "ok"
in_flash() {
	cmp <(tail -c +$(($1 + 1)) "$FLASH" | head -c "$(wc -c <"$2")") "$2"
}

# refuses_to_flash NAME STATUS TEXT... -- ARGUMENT...: nothing is written
refuses_to_flash() {
	local name=$1 wanted=$2
	local -a texts rest
	split_args "${@:3}"
	flash "${rest[@]}"
	refused "$name" "$wanted" "${texts[@]}"
	is "$name: the flash is untouched" "$(tr -d '\377' <"$FLASH" | wc -c)" 0
}

generate plain
flash --outdir plain plain.csv 'S,1'
succeeds "an id with a comma in it"
ok "its image is where the manifest says" in_flash 0x10000 'plain/bin/P-S,1.bin'
is "it is noted" "$(cat plain.csv.done)" 'S,1'
refuses_to_flash "not a second time" 1 'S,1 is flashed already' \
	"'plain.csv.done'" --again -- --outdir plain plain.csv 'S,1'
flash --outdir plain --again plain.csv 'S,1'
succeeds "a second time with --again"
is "it is noted once" "$(cat plain.csv.done)" 'S,1'
flash --outdir plain --left plain.csv
is "what is left" "$(cat "$OUT")" "$(printf '%s\n' 'S "2"' S-3 S-30)"

FLASH_FAILS=1 flash --outdir plain --next plain.csv
refused "a device that does not answer" 1 'S "2": esptool failed' 'not noted'
is "it is not noted" "$(cat plain.csv.done)" 'S,1'
flash --outdir plain --next plain.csv
succeeds "the next one"
ok "an id with quotes in it" in_flash 0x10000 'plain/bin/P-S "2".bin'
# A power cut in the middle of a line: S-3 of S-30 is no id that was flashed.
printf 'S-3' >>plain.csv.done
flash --outdir plain --next plain.csv
ok "a line that was cut does not count" in_flash 0x10000 plain/bin/P-S-3.bin
flash --outdir plain --next plain.csv
ok "the last one" in_flash 0x10000 plain/bin/P-S-30.bin
flash --outdir plain --next plain.csv
refused "nothing is left" 3
is "all of them are noted, in that order" "$(cat plain.csv.done)" \
	"$(printf '%s\n' 'S,1' 'S "2"' S-3 S-30)"

generate wrong
printf x | dd of=wrong/bin/P-S-3.bin bs=1 seek=100 conv=notrunc status=none
refuses_to_flash "an image that was changed" 1 S-3: wrong/bin/P-S-3.bin \
	SHA-256 -- --outdir wrong wrong.csv S-3
refuses_to_flash "an image that is gone" 1 nowhere/bin -- \
	--outdir nowhere wrong.csv S-3
refuses_to_flash "an id that is not in the manifest" 1 "'S-4'" wrong.csv -- \
	--outdir wrong wrong.csv S-4
refuses_to_flash "a table that is no manifest" 1 "'values.csv'" bin_sha256 -- \
	values.csv S-3
sed 's/^S-3,/&x,/' wrong.csv >cells.csv
refuses_to_flash "a line with a cell too many" 1 cells.csv:4 "expected 9" -- \
	--outdir wrong cells.csv S-30
refuses_to_flash "no manifest" 1 "'missing.csv'" -- missing.csv S-3
refuses_to_flash "no id" 2 "an id is missing" -- wrong.csv
refuses_to_flash "an id too many" 2 "--next takes no id" -- \
	--next wrong.csv S-3
refuses_to_flash "an unknown option" 2 "--nxt" -- --nxt wrong.csv
refuses_to_flash "an offset that is none" 2 "'1OOOO'" -- --offset 1OOOO \
	wrong.csv S-3

sed -E 's/,(offset|0x10000)(\r?)$/\2/' wrong.csv >short.csv
refuses_to_flash "no offset" 1 "short.csv has no offsets" --offset -- \
	--outdir wrong short.csv S-30
flash --outdir wrong --offset 0x4000 short.csv S-30
ok "an offset of one's own" in_flash 0x4000 wrong/bin/P-S-30.bin

generate keys --keygen
refuses_to_flash "a key and no place for it" 1 --key-offset --no-keys \
	keys/keys-P-S-3.bin -- --outdir keys keys.csv S-3
flash --outdir keys --key-offset 0x13000 keys.csv S-3 S-30
succeeds "two devices with their keys"
ok "the image" in_flash 0x10000 keys/bin/P-S-30.bin
ok "the key partition" in_flash 0x13000 keys/keys/keys-P-S-30.bin
prints "both are plain to esptool" "at 0x00013000 (plain)"
tail -c +65537 "$FLASH" | head -c 12288 >back.bin
tail -c +77825 "$FLASH" | head -c 4096 >key.bin
try nvs_tool --keys key.bin -d minimal back.bin
prints "what was flashed reads back with the key that was flashed" \
	"a:sn = S-30"
flash --outdir keys --key-offset 0x13000 --encrypt-keys keys.csv 'S,1'
prints "with flash encryption: the image stays plain" \
	"12288 bytes at 0x00010000 (plain)"
prints "with flash encryption: the key partition does not" \
	"4096 bytes at 0x00013000 (encrypted)"
cp keys/keys/keys-P-S-3.bin 'keys/keys/keys-P-S "2".bin'
refuses_to_flash "another device's key" 1 'S "2":' SHA-256 -- \
	--outdir keys --key-offset 0x13000 keys.csv 'S "2"'
refuses_to_flash "keys of both kinds" 1 S-3 --key-file -- --outdir keys \
	--again --key-offset 0x13000 --key-file key.bin keys.csv S-3

generate one --inputkey key.bin
refuses_to_flash "a place and no key" 1 --key-file -- --outdir one \
	--key-offset 0x13000 one.csv S-3
flash --outdir one --key-offset 0x13000 --key-file key.bin one.csv S-3
ok "one key for all" in_flash 0x13000 key.bin
head -c 64 key.bin >bare.bin
refuses_to_flash "a bare key, which no chip reads" 1 bare.bin 4096 -- \
	--outdir one --key-offset 0x13000 --key-file bare.bin one.csv S-30

generate hmac --keygen --key_protect_hmac --kp_hmac_keygen
flash --outdir hmac --no-keys hmac.csv S-3
ok "a chip that derives its keys" in_flash 0x10000 hmac/bin/P-S-3.bin
is "it gets no key partition" \
	"$(tail -c +77825 "$FLASH" | tr -d '\377' | wc -c)" 0

# Of two stations with --next one would get the other's device.
exec 7<one.csv
flock 7
refuses_to_flash "two stations with --next" 1 "another station" one.csv -- \
	--outdir one --key-offset 0x13000 --key-file key.bin --next one.csv
exec 7<&-
ESPTOOL="esptool.py --chip esp32s3 --port /dev/null" \
	flash --outdir one --key-offset 0x13000 --key-file key.bin --next one.csv
succeeds "options of esptool's own"
finish

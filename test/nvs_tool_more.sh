#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# nvs_tool beside the recorded views: its command line, what it does where the
# original fails, encrypted images, and the commands of its own.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools nvs_tool

GOLDEN=$ROOT/test/golden-nvs-tool
ESC=$'\033'
for name in markup not_text latin1_keys inner_nul carriage_return quoting integer_span \
	chunk_range nameless many_twins left right erased_garbage lived_on; do
	"$BUILD/test/make_image" $name >$name.bin || exit 1
done
cp "$GOLDEN/all-types/all-types.bin" good.bin
cp "$GOLDEN/bad-crc/bad-crc.bin" bad.bin

# line NAME TEXT: a line of the last stdout
line() {
	if grep -qxF -e "$2" -- "$OUT"; then
		pass "$1"
	else
		fail "$1" "no such line: $2" "$(last_run)"
	fi
}

# stdout_is NAME LINE...: exactly these
stdout_is() {
	local name=$1
	shift
	is "$name" "$(cat "$OUT")" "$(printf '%s\n' "$@")"
}

# ---- the command line ----

refuses "no file" 2 FILE -- nvs_tool
refuses "two files" 2 bad.bin -- nvs_tool good.bin bad.bin
refuses "a missing file" 2 nosuch -- nvs_tool nosuch
refuses "a directory" 2 directory -- nvs_tool .
refuses "an unknown option" 2 --colour -- nvs_tool --colour good.bin
refuses "an abbreviated option" 2 --integ -- nvs_tool --integ good.bin
refuses "an unknown dump" 2 everything storage_info -- \
	nvs_tool -d everything good.bin
refuses "an unknown format" 2 xml json -- nvs_tool -f xml good.bin
refuses "an unknown colour" 2 sometimes never -- \
	nvs_tool --color sometimes good.bin
refuses "a dump that json has not" 1 \
	"ERROR: written is not implemented for format json" -- \
	nvs_tool -f json -d written good.bin
head -c 5000 good.bin >cut.bin
refuses "part of a page" 1 "ERROR: Given partition data is not aligned to \
page size (5000 % 4096 = 904)" -- nvs_tool cut.bin
refuses "a dump and --csv" 2 --csv -- nvs_tool --csv -d none good.bin
refuses "--csv-files alone" 2 --csv -- nvs_tool --csv-files d good.bin

try nvs_tool good.bin -d minimal -dnamespaces
stdout_is "options behind the file, the last one counts" \
	"Index: Namespace" " 001: cfg" " 002: net"
: >empty.bin
try nvs_tool -f json empty.bin
stdout_is "an empty file has no pages" '{' '  "name": "empty.bin",' \
	'  "pages": []' '}'
succeeds "an empty file is no failure"
mkdir -p "dir/ü" && cp empty.bin $'dir/ü/ü\xff".bin'
try nvs_tool -f json $'dir/ü/ü\xff".bin'
line "a file name in JSON" '  "name": "\u00fc\udcff\".bin",'
try nvs_tool -d none good.bin
stdout_is "nothing but what was asked for" ""
for command in check diff stat; do
	cp good.bin $command
	try nvs_tool -d namespaces ./$command
	succeeds "./$command is a file"
	refuses "$command alone is a command" 2 usage -- nvs_tool $command
	rm $command
done
for command in "" check diff stat; do
	# shellcheck disable=SC2086
	try nvs_tool $command --help
	succeeds "nvs_tool $command --help"
done
try nvs_tool -d none good.bin --color always -i
is "-i behind another option" "$(wc -l <"$OUT")" 5

if [ -e /dev/full ]; then
	last_command="nvs_tool good.bin >/dev/full"
	status=0
	nvs_tool good.bin >/dev/full 2>"$ERR" || status=$?
	refused "a full disk is told" 1 "standard output"
fi

# ---- colours ----

nvs_tool --color always good.bin >always.txt
nvs_tool --color auto good.bin >auto.txt
ok "always: into a file too" grep -q "$ESC" always.txt
not_ok "auto: not into a file" grep -q "$ESC" auto.txt
is "always differs in nothing else" \
	"$(sed "s/$ESC\[[0-9;]*m//g" always.txt)" "$(cat auto.txt)"
ok "a right CRC in the heading" grep -qF "${ESC}[1;32mb9ba2d84" always.txt
ok "the words above the entry states are bold" \
	grep -qF "${ESC}[1m Entry state bitmap: ${ESC}[0maa " always.txt
ok "an index is bold with its dot, a state green" \
	grep -qF "${ESC}[1m 000.${ESC}[0m ${ESC}[32mWritten${ESC}[0m, " always.txt
ok "a right CRC of data is green" \
	grep -qE "Size=[0-9]+, CRC32=$ESC\[32m[0-9a-f]+$ESC\[0m$" always.txt
try nvs_tool --color always bad.bin
ok "a wrong CRC of data is red" \
	grep -qE "Size=[0-9]+, CRC32=$ESC\[31m[0-9a-f]+$ESC\[0m$" "$OUT"
try nvs_tool --color always -d namespaces good.bin
stdout_is "namespaces: bold words above, cyan names" \
	"${ESC}[1mIndex: Namespace${ESC}[0m" " 001: ${ESC}[36mcfg${ESC}[0m" \
	" 002: ${ESC}[36mnet${ESC}[0m"
try nvs_tool --color always -d blobs "$GOLDEN/blob-holes/blob-holes.bin"
ok "missing data is yellow" grep -q "$ESC\[33m  -*- Missing data -*$ESC\[0m$" \
	"$OUT"
try nvs_tool --color always -d none -i bad.bin
line "check: page cyan, its CRCs red and green" \
	"${ESC}[36mPage no. 9${ESC}[0m Original CRC32: ${ESC}[31mb9ba2d84${ESC}[0m Generated CRC32: ${ESC}[32mea92741d${ESC}[0m"
line "check: an entry's wrong CRC" \
	"${ESC}[31m Entry #001 a_u8 has wrong CRC32!${ESC}[0m Written: ${ESC}[31m5d3e047d${ESC}[0m Generated: ${ESC}[32m919404e3${ESC}[0m"
try nvs_tool --color always -d none -i many_twins.bin
says "always: messages" "${ESC}[1"
if command -v script >/dev/null; then
	on_terminal() {
		TERM=xterm COLORTERM='' script -qec "$1" /dev/null </dev/null \
			>terminal.txt
	}
	on_terminal "nvs_tool good.bin"
	ok "auto: on a terminal" grep -q "$ESC" terminal.txt
	on_terminal "NO_COLOR=1 nvs_tool -i many_twins.bin"
	not_ok "auto: not with NO_COLOR" grep -q "$ESC" terminal.txt
	on_terminal "nvs_tool --color never -i many_twins.bin"
	not_ok "never: no colour for errors either" grep -q "$ESC" terminal.txt
	on_terminal "nvs_tool stat good.bin"
	ok "stat: coloured on a terminal" grep -q "$ESC" terminal.txt
else
	skip "colours on a terminal" "script is not installed"
fi
nvs_tool stat good.bin >stat.txt
not_ok "stat: plain in a file" grep -q "$ESC" stat.txt

# ---- where the original fails ----

try nvs_tool -d minimal markup.bin
is "markup is printed as it is" "$(grep -c 'x\[red\]y\[/b\]' "$OUT")" 1
prints "control characters of a key" "esc.[2J.."
prints "control characters of a string stay" "${ESC}[1mbold"
try nvs_tool -d all markup.bin
not_ok "no control character in all" grep -q "$ESC" "$OUT"

try nvs_tool -d minimal not_text.bin
prints "a string that is not UTF-8" "cfg:latin1 = caf� � 😀!"
try nvs_tool -f json -d minimal not_text.bin
prints "the same in JSON" '"data": "caf\ufffd \ufffd \ud83d\ude00!"'

try nvs_tool -d none -i --color never latin1_keys.bin
is "a no-break space and a soft hyphen in a key: the check prints them" \
	"$(tail -n 5 "$ERR")" \
	"$(printf '%s\n' \
		$'ERROR: #002     a\xc2\xa0b\xc2\xadc                   uint8_t         9               0       Active' \
		$'ERROR: #003     a\xc2\xa0b\xc2\xadc                   uint8_t         9               0       Active' \
		"ERROR: Undefined namespace index! Namespace index: 009 [undefined]" \
		$'WARNING: Found unused namespace. Namespace index: 001 [n\xc2\xa0s]' \
		$'WARNING: Found unused namespace. Namespace index: 002 [\xc2\xadunused]')"

try nvs_tool -f json integer_span.bin
succeeds "an integer with a span"
is "data_computed over all children of an integer" \
	"$(grep '"data_computed"' "$OUT" | sed -n 2p | tr -dc 0-9)" \
	"$((16#$(
		{
			# CRC-32 as NVS starts it is that of zlib behind
			# four bytes that leave its register at zero.
			printf '\377\377\377\377'
			tail -c +129 integer_span.bin | head -c 64
		} | crc32
	)))"

try nvs_tool -d blobs chunk_range.bin
succeeds "chunks out of range do not end the program"
is "only chunks in range are shown" "$(grep -c '^  0x' "$OUT")" 2
line "blob of chunk index 0x80" "cfg:b - Type: Blob (Version 2), Size: 2"
try nvs_tool -d none -i chunk_range.bin
says "chunks out of range are told" \
	"ERROR: Blob b chunk is out of range! Namespace index: 001 [cfg], \
Chunk Index: 005" "Chunk Index: 144"

try nvs_tool -d blobs nameless.bin
line "a namespace without a name in blobs" \
	"9:blob - Type: Blob (Version 2), Size: 5"
line "and of a string" "9:lost - Type: String, Size: 6"
try nvs_tool -d namespaces nameless.bin
stdout_is "what defines no namespace" "Index: Namespace" " -05: negative" \
	" 001: cfg" " 70000: large"
try nvs_tool -d none -i nameless.bin
says "unused and undefined namespaces" "index: 009 [undefined]" \
	"index: -05 [negative]" "index: 70000 [large]" "index: 001 [cfg]"

try nvs_tool -d none -i --color never many_twins.bin
succeeds "errors leave the exit status at 0"
is "all duplicates are listed" "$(grep -c '^ERROR: #' "$ERR")" 251
cp "$ERR" errors
try nvs_tool -d none -i --exit-code --color never many_twins.bin
refused "--exit-code with -i" 1 "duplicate"
same "and the same text" "$ERR" errors
try nvs_tool -d namespaces --exit-code many_twins.bin
is "--exit-code alone: status" "$status" 1
is "--exit-code alone: silent" "$(cat "$ERR")" ""
try nvs_tool -d none --exit-code -i good.bin
succeeds "--exit-code and a sound image"
try nvs_tool -d none --exit-code bad.bin
is "a wrong CRC is damage" "$status" 1

# ---- encrypted images ----

if [ -x "$BUILD/nvs_partition_gen" ]; then
	nvs_tool --csv good.bin >good.csv
	head -c 32 /dev/zero | tr '\0' '\21' >keys64.bin
	head -c 32 /dev/zero | tr '\0' '\42' >>keys64.bin
	tr '\21' '\23' <keys64.bin >other64.bin
	printf 'An HMAC key is 32 bytes of text.' >hmac
	nvs_partition_gen generate-key --keyfile k.bin --key_protect_hmac \
		--kp_hmac_inputkey hmac >/dev/null
	nvs_partition_gen encrypt good.csv e64.bin 0x3000 --inputkey keys64.bin \
		>/dev/null
	nvs_partition_gen encrypt good.csv ehmac.bin 0x3000 \
		--inputkey keys/k.bin >/dev/null
	nvs_tool -d all good.bin >good.txt
	try nvs_tool --keys keys64.bin e64.bin
	succeeds "--keys"
	same "the dump of the plain image" "$OUT" good.txt
	try nvs_tool --hmac-key hmac ehmac.bin
	same "--hmac-key" "$OUT" good.txt
	try nvs_tool --keys keys/k.bin ehmac.bin
	same "a key partition" "$OUT" good.txt
	for command in "" "--csv" "stat" "check" "diff good.bin"; do
		# shellcheck disable=SC2086
		refuses "nvs_tool $command: a key that does not fit" 1 \
			other64.bin e64.bin "does not fit" -- \
			nvs_tool $command --keys other64.bin e64.bin
	done
	for command in "--csv" "check" "diff good.bin"; do
		# shellcheck disable=SC2086
		refuses "nvs_tool $command: no key" 1 e64.bin encrypted --keys \
			-- nvs_tool $command e64.bin
	done
	head -c 4096 /dev/zero >keys.bad
	refuses "a damaged key partition" 1 keys.bad CRC -- nvs_tool \
		--keys keys.bad e64.bin
	refuses "a missing key file" 1 nosuch -- nvs_tool --keys nosuch e64.bin
	refuses "both kinds of key" 2 --hmac-key -- nvs_tool --keys keys64.bin \
		--hmac-key hmac e64.bin
	try nvs_tool --keys keys64.bin good.bin
	succeeds "a key for a plain image"
	says "is not used, and that is said" keys64.bin "not encrypted"
	same "the plain image is shown" "$OUT" good.txt
	for image in good e64; do
		head -c 4 /dev/zero | cat - <(tail -c +5 $image.bin) \
			>corrupted-$image.bin
	done
	nvs_tool -d all corrupted-good.bin >corrupted.txt
	try nvs_tool --keys keys64.bin corrupted-e64.bin
	is "the key is used for pages of a damaged header too" "$(cat "$ERR")" ""
	same "and shows what is in them" "$OUT" corrupted.txt
	refuses "where a wrong key is none either" 1 other64.bin "does not fit" \
		-- nvs_tool --keys other64.bin corrupted-e64.bin
	# A device has erased a number and two strings: the firmware changes
	# their bits, and in one of the strings it writes zeros as well.
	for image in good e64; do
		cp $image.bin used-$image.bin
		printf '\0\250' | dd of=used-$image.bin bs=1 seek=34 \
			conv=notrunc status=none
		head -c 64 /dev/zero | dd of=used-$image.bin bs=1 seek=416 \
			conv=notrunc status=none
	done
	for dump in "-d all" "-d written" "-d minimal" "-i -d none" \
		"-f json -d minimal"; do
		# shellcheck disable=SC2086
		nvs_tool $dump used-good.bin >used.txt
		# shellcheck disable=SC2086
		try nvs_tool $dump --keys keys64.bin used-e64.bin
		is "$dump: nothing is hidden by erased entries" "$(cat "$ERR")" ""
		same "$dump: an encrypted image of a device in use" "$OUT" \
			used.txt
	done
	prints "what it has not erased is there" key_of_15_chars
	try nvs_tool diff --keys keys64.bin --hmac-key-b hmac e64.bin ehmac.bin
	succeeds "diff of two encrypted images"
	try nvs_tool check --keys keys64.bin e64.bin
	succeeds "check of an encrypted image"
	is "stat: nothing of it is readable" \
		"$(nvs_tool stat e64.bin 2>/dev/null | grep -c '?????')" 1
else
	skip "encrypted images" "nvs_partition_gen was not built"
fi

# ---- --csv ----

try nvs_tool --csv quoting.bin
stdout_is "what has to be quoted" \
	"key,type,encoding,value" \
	'"#ns",namespace,,' \
	'"#key",data,string,"# no comment
# none either

  x"' \
	'"a,b""c",data,string,"7"" TFT, ""quoted"""' \
	'blanks,data,string,  in front and behind  ' \
	'empty,data,string,' \
	'unused,namespace,,' \
	'third,namespace,,' \
	'min,data,i64,-9223372036854775808' \
	'"#ns",namespace,,' \
	'max,data,u64,18446744073709551615' \
	'third,namespace,,' \
	'nothing,data,base64,'
if [ -x "$BUILD/nvs_partition_gen" ]; then
	cp "$OUT" quoting.csv
	try nvs_partition_gen generate quoting.csv quoting2.bin 0x3000
	succeeds "the generator takes it"
	same "and makes the same image" quoting2.bin quoting.bin
fi
refuses "no CSV of a carriage return" 1 "cfg/x:cr lf" "carriage return" \
	--csv-files -- nvs_tool --csv carriage_return.bin
is "nothing on stdout" "$(cat "$OUT")" ""
try nvs_tool --csv --csv-files strings carriage_return.bin
stdout_is "but one that names a file" \
	"key,type,encoding,value" \
	"cfg/x,namespace,," \
	"before,data,u8,1" \
	"cr lf,file,string,strings/cfg%2Fx.cr%20lf.txt" \
	"after,data,u8,2"
is "with its bytes" "$(od -An -c <strings/cfg%2Fx.cr%20lf.txt)" \
	"$(printf 'one\r\ntwo\r' | od -An -c)"
if [ -x "$BUILD/nvs_partition_gen" ]; then
	cp "$OUT" cr.csv
	try nvs_partition_gen generate cr.csv cr.bin 0x3000
	same "and the generator makes the same image" cr.bin \
		carriage_return.bin
fi
refuses "files are never replaced" 1 "strings/cfg%2Fx.cr%20lf.txt" -- \
	nvs_tool --csv --csv-files strings carriage_return.bin
refuses "no CSV of what is not UTF-8" 1 "cfg:latin1" "UTF-8" -- \
	nvs_tool --csv not_text.bin
refuses "no CSV of a NUL" 1 "cfg:nul" "NUL" -- nvs_tool --csv inner_nul.bin
refuses "no CSV of a damaged image" 1 bad.bin header_crc -- \
	nvs_tool --csv bad.bin
try nvs_tool --csv "$GOLDEN/version1/version1.bin"
says "version 1 is told" "--version 1"

try nvs_tool --csv lived_on.bin
says "a version 1 image that the firmware has added to" "WARNING" \
	"version 1 blobs beside items of version 2"
is "is not called a version 1 image" "$(grep -c '^note' "$ERR")" 0

# ---- garbage that hides entries ----

try nvs_tool -d written erased_garbage.bin
succeeds "garbage of an erased item"
says "what it hides is told" WARNING "2 entries in use are not shown"
try nvs_tool --csv erased_garbage.bin
prints "and --csv has it" "hidden too"
try nvs_tool check erased_garbage.bin
prints "as check has" "2 keys, 0 errors"

# ---- diff ----

try nvs_tool diff left.bin right.bin
is "diff: exit status" "$status" 1
stdout_is "diff: lines" \
	'~ cfg:blob blob 616263646566 (6 bytes) -> blob 616263786566 (6 bytes), from byte 3 on' \
	'- cfg:gone u8 2' \
	'~ cfg:number i16 -300 -> u32 300' \
	'~ cfg:text string "hello" -> string "help", from byte 3 on' \
	'+ new:key u8 9'
try nvs_tool diff left.bin left.bin
succeeds "diff: the same"
stdout_is "diff: the same, silent" ""
head -c 4096 left.bin >cut.bin
size=$(stat -c %s left.bin)
try nvs_tool diff left.bin cut.bin
is "diff: the same keys in another size, which is said" \
	"$status $(cat "$OUT") $(cat "$ERR")" \
	"0  WARNING: left.bin has $size bytes, cut.bin 4096"
try nvs_tool diff good.bin bad.bin
refused "diff: a damaged image is told" 1 "bad.bin:0x1c: error (header_crc)"
refuses "diff: a missing image" 2 nosuch -- nvs_tool diff good.bin nosuch
try nvs_tool diff bad.bin bad.bin
is "diff: of a damaged image nothing is known" "$status" 1

# ---- check ----

try nvs_tool check good.bin left.bin
succeeds "check: sound images"
line "check: what was seen" "good.bin: 17 keys, 0 errors, 0 warnings"
try nvs_tool check good.bin many_twins.bin left.bin
is "check: one of them is not" "$status" 1
prints "check: place, severity, name, key" "many_twins.bin:0x80: error \
(duplicate_key): cfg:twin:" "left.bin: 5 keys"
cp good.bin erased.bin
printf '\252\250' | dd of=erased.bin bs=1 seek=38 conv=notrunc status=none
printf '\360' | dd of=erased.bin bs=1 seek=39 conv=notrunc status=none
try nvs_tool check erased.bin
succeeds "check: a warning is no error"
prints "check: the warning" "warning (entry_erased)"
try nvs_tool check --strict erased.bin
is "check: with --strict it is" "$status" 1
try nvs_tool check --list
prints "check: the list" entry_crc hash_collision chunk_missing
refuses "check: the list needs no file" 2 --list -- \
	nvs_tool check --list good.bin
refuses "check: no file" 2 FILE -- nvs_tool check

# ---- stat ----

try nvs_tool stat "$GOLDEN/multipage-blob/multipage-blob.bin"
succeeds "stat"
line "stat: a page" \
	"    1  0x001000  Active             1       38       88        0"
line "stat: entries" "Entries: 164 used, 340 free, 0 erased, of 504"
line "stat: bytes left" "Left: 214 entries, 6848 bytes; one page is kept \
free for the firmware's clean-up"
line "stat: the map" \
	"    0  Nib------------------------------------------------------------"
line "stat: its next page" \
	"    1  b----------------------------------Bs-........................."
try nvs_tool stat "$GOLDEN/states/states.bin"
line "stat: erased, damaged" \
	"    0  Nixiiiisx-i.........!x!.......!................................"

finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# nvs_partition_gen as its users meet it: today's commands and the two forms
# of older documents, what is written where, and what is refused how.
# shellcheck source-path=SCRIPTDIR disable=SC2054 # lines have commas
. "$(dirname "$0")/lib.sh"
need_tools nvs_partition_gen nvs_tool

# nvs ARGUMENT...
nvs() {
	try nvs_partition_gen "$@"
}

# refuses_nvs NAME STATUS TEXT... -- ARGUMENT...
refuses_nvs() {
	local -a texts rest
	split_args "$@"
	refuses "${texts[@]}" -- nvs_partition_gen "${rest[@]}"
}

# refuses_line NAME TEXT... -- LINE: a line behind those of a namespace
refuses_line() {
	local -a texts rest
	split_args "$@"
	input a,namespace,, "${rest[0]}"
	refuses_nvs "${texts[0]}" 1 "${texts[@]:1}" -- generate in.csv o.bin \
		0x3000
}

mode() {
	stat -c %a "$1"
}

GOOD=(a,namespace,, n,data,u16,700 'motd,data,string,"hello, world"'
	b,data,hex2bin,0aff)
HELD=("0: a u8 1" "1:a n u16 700" "1:a motd string hello, world"
	"1:a b blob 0aff")

# ---- the two tutorial forms make what generate makes ----

input "${GOOD[@]}"
nvs generate in.csv g.bin 0x6000
succeeds "generate"
prints "generate: says what it made" "Created NVS binary: ===> g.bin"
holds_only "generate: the items" g.bin "${HELD[@]}"
nvs --input in.csv --output l.bin --size 0x6000
same "--input --output --size makes the same bytes" l.bin g.bin
nvs --size=0x6000 --output=l2.bin --input=in.csv
same "--size= --output= --input= does too" l2.bin g.bin
nvs --input in.csv --output l3.bin --size 24576
same "and a decimal size" l3.bin g.bin
nvs in.csv b.bin 0x6000
same "bare in.csv out.bin 0x6000 makes the same bytes" b.bin g.bin
nvs generate in.csv d.bin 0x3000
nvs in.csv b3.bin
same "bare, without a size: 0x3000" b3.bin d.bin
nvs --input in.csv --output l4.bin
same "options, without a size: 0x3000" l4.bin d.bin
for v in 1 2; do
	nvs generate in.csv new$v.bin 0x3000 --version $v
	for form in "--input in.csv --output old.bin --size 0x3000 --version v$v" \
		"--version $v in.csv old.bin" "in.csv old.bin --version=V$v"; do
		rm -f old.bin
		# shellcheck disable=SC2086 # a list of words
		nvs $form
		same "version $v: $form" old.bin new$v.bin
	done
done
is "version 1 and 2 differ" "$(cmp -s new1.bin new2.bin; echo $?)" 1
same "generate: version 2 without --version" d.bin new2.bin
for pair in 'false false' 'False FALSE'; do
	rm -f old.bin
	# shellcheck disable=SC2086 # two words
	set -- $pair
	nvs --input in.csv --output old.bin --keygen "$1" --encrypt "$2"
	same "--keygen $1 --encrypt $2 leaves it plain" old.bin d.bin
done
is "no key was made" "$(files keys)" ""

nvs --input in.csv --output e.bin --keygen true --encrypt true --keyfile k.bin
is "--keygen true --encrypt true --keyfile: names the drawn key" \
	"$status $(files keys)" "0 k.bin"
is "its key file is for its owner only" "$(mode keys/k.bin)" 600
is "the image decrypts with it" "$(peek e.bin keys/k.bin)" \
	"$(printf '%s\n' "${HELD[@]}")"
nvs --input in.csv --output e2.bin --encrypt true --keyfile keys/k.bin
same "--encrypt true --keyfile: encrypts with a given key" e2.bin e.bin
nvs --input in.csv --output e3.bin --keygen TRUE --encrypt True --outdir dated
ok "without --keyfile the key has date and time in its name" grep -qE \
	'^e3.bin keys/keys-[0-9]{2}-[0-9]{2}_[0-9]{2}-[0-9]{2}\.bin$' \
	<(files dated)
refuses_nvs "--encrypt true without any key" 2 keygen keyfile -- \
	--input in.csv --output n.bin --encrypt true
refuses_nvs "--keygen true without --encrypt" 2 encrypt -- \
	--input in.csv --output n.bin --keygen true
refuses_nvs "--keygen maybe" 2 keygen maybe -- \
	--input in.csv --output n.bin --keygen maybe
refuses_nvs "--encrypt 1" 2 encrypt "'1'" -- \
	--input in.csv --output n.bin --encrypt 1
refuses_nvs "--version v3 is named as it was typed" 2 "'v3'" -- \
	--input in.csv --output n.bin --version v3
refuses_nvs "--input without --output" 2 output -- --input in.csv
refuses_nvs "--output without --input" 2 input -- --output n.bin
refuses_nvs "an input alone" 2 usage -- in.csv
refuses_nvs "a fourth argument" 2 more -- in.csv n.bin 0x3000 more
refuses_nvs "an unknown option" 2 compress -- in.csv n.bin --compress
refuses_nvs "no command" 2 usage --
refuses_nvs "an unknown command" 2 usage make -- make
for words in '' generate encrypt decrypt generate-key; do
	# shellcheck disable=SC2086 # none or one word
	nvs $words -h
	is "nvs_partition_gen $words -h" \
		"$status $(wc -c <"$ERR") $(grep -c '^usage: nvs_part' "$OUT")" \
		"0 0 1"
done

# ---- sizes ----

for size in 0 1 4095 0x1001 -4096 0x 4k 0x3000x ''; do
	input "${GOOD[@]}"
	refuses_nvs "the size '$size'" 2 size -- generate in.csv o.bin "$size"
	refuses_nvs "the size '$size', bare" 2 size -- in.csv o.bin "$size"
done
for size in 0x1000 0x2000; do
	nvs generate in.csv o.bin $size
	is "$size: of that length" "$status $(stat -c %s o.bin)" "0 $((size))"
	says "$size: has to be flagged" readonly 5.5
done
nvs generate in.csv o.bin 0x3000
is "0x3000: quiet on stderr" "$status $(wc -c <"$ERR")" "0 0"

# ---- several inputs ----

input a,namespace,, x,data,u8,1 b,namespace,, y,data,u8,2
printf 'value,key,encoding,type\n3,z,u8,data\n' >two.csv
printf 'key,type,encoding,value\na,namespace,,\nw,data,i8,-4\n' >three.csv
nvs generate in.csv two.csv three.csv o.bin 0x3000
holds_only "several inputs: a namespace goes on, or comes again" o.bin \
	"0: a u8 1" "1:a x u8 1" "0: b u8 2" "2:b y u8 2" "2:b z u8 3" \
	"1:a w i8 -4"
make_key k.bin
nvs encrypt in.csv two.csv three.csv e.bin 0x3000 --inputkey k.bin
is "several inputs, encrypted" "$(peek e.bin k.bin | tail -n 1)" "1:a w i8 -4"
printf 'key,type,encoding,value\na,namespace,,\nx,data,u8,9\n' >three.csv
refuses_nvs "several inputs: a key of the first again" 1 three.csv:3:1: x -- \
	generate in.csv two.csv three.csv o2.bin 0x3000
printf 'key,type,encoding,value\nq,data,u8,300\n' >two.csv
printf 'key,type,encoding,value\nr,data,u8,abc\n' >three.csv
refuses_nvs "several inputs: the mistakes of all are said" 1 two.csv:2:11: \
	three.csv:2:11: -- generate in.csv two.csv three.csv o2.bin 0x3000
refuses_nvs "several inputs: one is missing" 1 absent.csv -- \
	generate in.csv absent.csv o2.bin 0x3000
refuses_nvs "the first begins without a namespace" 1 two.csv:2:1: q -- \
	generate two.csv in.csv o2.bin 0x3000

# ---- where the output goes ----

input "${GOOD[@]}"
nvs generate in.csv image 0x3000 --outdir out
is ".bin is added" "$status $(files out)" "0 image.bin"
nvs generate in.csv site/a/image.BIN 0x3000 --outdir 'out/lot 7'
is "directories are made, .BIN is .bin" "$status $(files 'out/lot 7')" \
	"0 site/a/image.BIN"
rm -r out
for name in o.img o.csv o.bin.txt o. .bin/o.x; do
	refuses_nvs "the output '$name'" 1 "$name" .bin -- \
		generate in.csv "$name" 0x3000
done
refuses_nvs "an output without a name" '1 2' output -- \
	generate in.csv '' 0x3000
nvs generate in.csv "$T/abs/o.bin" 0x3000 --outdir out
is "an absolute output ignores --outdir" "$status $(files abs) $(files out)" \
	"0 o.bin "
says "and says so" outdir absolute "$T/abs/o.bin"
nvs generate in.csv "$T/abs/p.bin" 0x3000
is "without --outdir there is nothing to say" "$status $(wc -c <"$ERR")" "0 0"
nvs decrypt "$T/abs/o.bin" in.csv "$T/abs/q.bin" --outdir out
is "a failed decrypt makes no directory" "$status $(files out)" "1 "

# ---- the output is replaced, and atomically ----

input "${GOOD[@]}"
mkdir out
echo old >out/o.bin
ln out/o.bin link
nvs generate in.csv o.bin 0x3000 --outdir out
holds "an output is replaced" out/o.bin "1:a n u16 700"
is "by a new file: whoever has the old one open keeps it" "$(cat link)" old
is "nothing else is left there" "$(files out)" o.bin
same_as_before() {
	local name=$1
	shift
	echo old >out/o.bin
	refuses_nvs "$name: the old output is as it was" "$@"
}
printf 'key,type,encoding,value\na,namespace,,\nx,data,u8,300\n' >bad.csv
same_as_before "a bad value" 1 bad.csv:3:11: -- \
	generate bad.csv o.bin 0x3000 --outdir out
same_as_before "a bad size" 2 0x3001 -- \
	generate in.csv o.bin 0x3001 --outdir out
echo "x,data,string,$(repeat 3000 x)" | cat in.csv - >big.csv
echo "y,data,string,$(repeat 3000 y)" >>big.csv
echo "z,data,string,$(repeat 3000 z)" >>big.csv
same_as_before "too much data" 1 big.csv: 0x3000 -- \
	generate big.csv o.bin 0x3000 --outdir out
head -c 40 in.csv >short.bin
same_as_before "a bad key" 1 short.bin -- \
	encrypt in.csv o.bin 0x3000 --inputkey short.bin --outdir out
mkdir -p out/keys
echo key >out/keys/k.bin
same_as_before "a key file in the way" 1 k.bin -- \
	encrypt in.csv o.bin 0x3000 --keygen --keyfile k.bin --outdir out
same_as_before "an input that is no image" 1 in.csv -- \
	decrypt in.csv short.bin o.bin --outdir out
same_as_before "an input without pages" 1 short.bin -- \
	decrypt short.bin short.bin o.bin --outdir out
# A file size limit makes the write itself fail, as a full disk does.
echo old >out/o.bin
last_command='nvs_partition_gen ... with a file size limit' status=0
(ulimit -f 2 && trap '' XFSZ && nvs_partition_gen generate in.csv o.bin 0x3000 \
	--outdir out) >"$OUT" 2>"$ERR" || status=$?
is "a failed write: the old output is as it was, nothing is left" \
	"$status $(cat out/o.bin) $(files out)" "1 old keys/k.bin o.bin"
says "a failed write: says of which file" out/o.bin
rm -r out
mkdir -p out/o.bin
refuses_nvs "a directory in the output's place" 1 out/o.bin -- \
	generate in.csv o.bin 0x3000 --outdir out
rm -r out
mkdir out
echo victim >victim
ln -s ../victim out/o.bin
nvs generate in.csv o.bin 0x3000 --outdir out
is "a link in the output's place is replaced, not followed" \
	"$status $(cat victim) $(stat -c %F out/o.bin)" "0 victim regular file"
nvs generate in.csv in.csv.bin 0x3000
is "an output beside the input" "$status $(head -n 1 in.csv)" \
	"0 key,type,encoding,value"
(umask 027 && nvs generate in.csv m.bin 0x3000)
is "an image has the permissions that the umask leaves" "$(mode m.bin)" 640

# ---- encrypt and decrypt ----

input "${GOOD[@]}"
make_key k.bin
{ repeat 32 x && repeat 32 y; } >other.bin
head -c 64 k.bin >bare.bin
for v in 1 2; do
	nvs generate in.csv p.bin 0x3000 --version $v
	nvs encrypt in.csv e.bin 0x3000 --inputkey k.bin --version $v
	is "encrypt, version $v" "$status $(cmp -s p.bin e.bin; echo $?)" "0 1"
	for key in k.bin bare.bin; do
		rm -f d.bin
		nvs decrypt e.bin $key d.bin
		same "decrypt with $key, version $v" d.bin p.bin
	done
	nvs encrypt in.csv e2.bin 0x3000 --inputkey bare.bin --version $v
	same "encrypt with the bare key, version $v" e2.bin e.bin
	refuses_nvs "decrypt with a key that does not fit, version $v" 1 \
		other.bin fit -- decrypt e.bin other.bin q.bin
done
for name in p e; do
	{ printf '\0' && tail -c +2 $name.bin; } >no_header_$name.bin
done
nvs decrypt no_header_e.bin k.bin d.bin
same "decrypt the entries of a page whose header is damaged" d.bin \
	no_header_p.bin
says "decrypt: says that the image is damaged" no_header_e.bin: warning damaged \
	'nvs_tool check'
nvs decrypt e.bin k.bin d.bin
is "decrypt: of a sound image nothing is said" "$status $(cat "$ERR")" "0 "
refuses_nvs "decrypt a plain image" 1 k.bin fit -- decrypt p.bin k.bin q.bin
nvs decrypt "$T/e.bin" k.bin "$T/x/y" --outdir out
same "decrypt to an absolute path, .bin added" x/y.bin p.bin
says "decrypt: says that --outdir is not used" outdir absolute
refuses_nvs "decrypt in place would lose the encrypted image" 1 e.bin -- \
	decrypt e.bin k.bin ./e.bin
refuses_nvs "decrypt: another extension" 1 q.txt .bin -- \
	decrypt e.bin k.bin q.txt
refuses_nvs "decrypt: two arguments" 2 usage output -- decrypt e.bin k.bin
refuses_nvs "decrypt: a key that is not there" 1 absent.bin -- \
	decrypt e.bin absent.bin q.bin
refuses_nvs "decrypt: an image that is not there" 1 absent.bin -- \
	decrypt absent.bin k.bin q.bin
: >empty.bin
refuses_nvs "decrypt: an empty image" 1 empty.bin pages -- \
	decrypt empty.bin k.bin q.bin
for n in 4095 4097 12287; do
	head -c $n p.bin >cut.bin
	[ $n -ge 4096 ] || truncate -s $n cut.bin
	refuses_nvs "decrypt: $n bytes" 1 cut.bin "$n" pages -- \
		decrypt cut.bin k.bin q.bin
done
# Pages without entries have nothing that could fit or not.
repeat 12288 '\377' >blank.bin
nvs decrypt blank.bin k.bin q.bin
same "decrypt: erased flash stays what it is" q.bin blank.bin
# Entries that are not marked as written are left alone.
nvs encrypt in.csv e.bin 0x3000 --inputkey k.bin
printf 'garbage' | dd of=e.bin bs=1 seek=$((64 + 32 * 50)) conv=notrunc \
	status=none
nvs decrypt e.bin k.bin q.bin
is "decrypt: an empty entry keeps its bytes" \
	"$(dd if=q.bin bs=1 skip=$((64 + 32 * 50)) count=7 status=none)" garbage

nvs encrypt in.csv kg.bin 0x3000 --keygen --keyfile mine --outdir out
is "--keygen --keyfile: .bin is added, beside the output" \
	"$status $(files out) $(mode out/keys/mine.bin)" \
	"0 keys/mine.bin kg.bin 600"
ok "--keygen: a sound key partition" peek --key out/keys/mine.bin
nvs decrypt out/kg.bin out/keys/mine.bin q.bin
same "--keygen: decrypts to what generate makes" q.bin p.bin
refuses_nvs "--keygen with --inputkey" 2 keygen inputkey -- \
	encrypt in.csv o.bin 0x3000 --keygen --inputkey k.bin
refuses_nvs "encrypt without a key" 2 keygen inputkey -- \
	encrypt in.csv o.bin 0x3000
refuses_nvs "--keyfile with another extension" '1 2' z.key .bin -- \
	encrypt in.csv o.bin 0x3000 --keygen --keyfile z.key
for n in 0 1 63 65 4095 4097; do
	cat k.bin k.bin | head -c $n >len.bin
	refuses_nvs "a key of $n bytes" 1 len.bin -- \
		encrypt in.csv o.bin 0x3000 --inputkey len.bin
	refuses_nvs "a key of $n bytes, decrypt" 1 len.bin -- \
		decrypt e.bin len.bin o.bin
done
for at in 0 31 32 63 64 67; do
	cp k.bin flip.bin
	printf '\0' | dd of=flip.bin bs=1 seek=$at conv=notrunc status=none
	refuses_nvs "a key with byte $at damaged" 1 flip.bin CRC -- \
		decrypt e.bin flip.bin o.bin
done

# ---- --inputkey beside --keyfile, as the original takes them ----

nvs encrypt in.csv alone.bin 0x3000 --inputkey k.bin
nvs encrypt in.csv both.bin 0x3000 --inputkey k.bin --keyfile unused.bin
succeeds "--keyfile beside --inputkey"
says "--keyfile beside --inputkey: is not used" warning --keyfile unused.bin
same "--keyfile beside --inputkey: the image" both.bin alone.bin
not_ok "--keyfile beside --inputkey: no file" test -e keys/unused.bin

# ---- keys from an HMAC key ----

repeat 32 h >h.bin
nvs generate-key --key_protect_hmac --kp_hmac_inputkey h.bin --keyfile d.bin
is "HMAC: derived keys" "$status $(files keys) $(mode keys/d.bin)" \
	"0 d.bin 600"
nvs encrypt in.csv he.bin 0x3000 --keygen --keyfile d2.bin --key_protect_hmac \
	--kp_hmac_inputkey h.bin
same "HMAC: encrypt derives the same" keys/d2.bin keys/d.bin
nvs decrypt he.bin keys/d.bin q.bin
same "HMAC: and encrypts with it" q.bin p.bin
nvs encrypt in.csv hg.bin 0x3000 --keygen --keyfile d3.bin --key_protect_hmac \
	--kp_hmac_keygen --kp_hmac_keyfile h3.bin
is "HMAC: a drawn HMAC key is filed" \
	"$status $(stat -c '%s %a' keys/h3.bin)" "0 32 600"
nvs generate-key --key_protect_hmac --kp_hmac_inputkey keys/h3.bin \
	--keyfile again.bin
same "HMAC: the keys derive from it" keys/again.bin keys/d3.bin
nvs generate-key --key_protect_hmac --kp_hmac_keygen --keyfile named
is "HMAC: a drawn HMAC key is named after --keyfile" \
	"$status $(echo keys/*named*)" "0 keys/hmac-named.bin keys/named.bin"
nvs generate-key --key_protect_hmac --kp_hmac_inputkey keys/hmac-named.bin \
	--keyfile again2.bin
same "HMAC: and the keys derive from it" keys/again2.bin keys/named.bin
nvs encrypt in.csv hn.bin 0x3000 --keygen --keyfile "$PWD/line/k.bin" \
	--key_protect_hmac --kp_hmac_keygen
is "HMAC: beside --keyfile, wherever that is" "$status $(files line)" \
	"0 hmac-k.bin k.bin"
rm keys/named.bin
before=$(sha256sum keys/*)
refuses_nvs "HMAC: an HMAC key of that name in the way" 1 hmac-named.bin -- \
	generate-key --key_protect_hmac --kp_hmac_keygen --keyfile named
refuses_nvs "HMAC: an HMAC key file in the way" 1 h3.bin -- \
	encrypt in.csv o.bin 0x3000 --keygen --keyfile fresh.bin \
	--key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile h3.bin
is "HMAC: no key was touched" "$(sha256sum keys/*)" "$before"
refuses_nvs "HMAC: no HMAC key" 2 kp_hmac -- encrypt in.csv o.bin 0x3000 \
	--keygen --key_protect_hmac
refuses_nvs "HMAC: two HMAC keys" 2 kp_hmac_keygen kp_hmac_inputkey -- \
	encrypt in.csv o.bin 0x3000 --keygen --key_protect_hmac \
	--kp_hmac_keygen --kp_hmac_inputkey h.bin
refuses_nvs "HMAC: without --keygen" 2 keygen -- encrypt in.csv o.bin 0x3000 \
	--inputkey k.bin --key_protect_hmac --kp_hmac_inputkey h.bin
refuses_nvs "HMAC: options without the scheme" 2 key_protect_hmac -- \
	generate-key --kp_hmac_keygen
(umask 000 && nvs generate-key --keyfile open.bin)
is "a key file is for its owner only, whatever the umask" \
	"$(mode keys/open.bin)" 600

# ---- wrong input: file, line, column, key and value ----

refuses_line "u8 too large" in.csv:3:11: a:x 256 u8 -- x,data,u8,256
refuses_line "u8 negative" in.csv:3:11: a:x -1 u8 -- x,data,u8,-1
refuses_line "i8 too small" in.csv:3:11: a:x -129 i8 -- x,data,i8,-129
refuses_line "i16" in.csv:3:12: a:x 32768 i16 -- x,data,i16,32768
refuses_line "i32" in.csv:3:12: a:x 2147483648 -- x,data,i32,2147483648
refuses_line "u64" in.csv:3:12: a:x 18446744073709551616 -- \
	x,data,u64,18446744073709551616
refuses_line "no number" in.csv:3:11: a:x 1.5 -- x,data,u8,1.5
refuses_line "an empty number" in.csv:3: a:x -- x,data,u8,
refuses_line "odd hex" in.csv:3: a:x -- x,data,hex2bin,abc
refuses_line "no hex" in.csv:3: a:x g -- x,data,hex2bin,0g
refuses_line "no base64" in.csv:3: a:x -- 'x,data,base64,QU*D'
refuses_line "a missing file" in.csv:3:15: a:x absent -- \
	x,file,string,absent.txt
refuses_line "an unknown encoding" in.csv:3:8: a:x u9 -- x,data,u9,1
refuses_line "an unknown type" in.csv:3:3: a:x date -- x,date,u8,1
refuses_line "no encoding" in.csv:3: a:x encoding -- x,data,,1
refuses_line "an integer from a file" in.csv:3: a:x u8 -- x,file,u8,in.csv
refuses_line "a key of 16 bytes" in.csv:3:1: abcdefghijklmnop 15 -- \
	abcdefghijklmnop,data,u8,1
refuses_line "an empty key" in.csv:3: -- ,data,u8,1
refuses_line "a cell too many" in.csv:3: x -- x,data,u8,1,2
refuses_line "a cell too few" in.csv:3: x -- x,data,u8
refuses_line "blob_fill too long" in.csv:3: a:x 3 -- \
	'x,data,blob_fill(3;0xFF),abcd'
refuses_line "blob_fill malformed" in.csv:3:8: a:x blob_fill -- \
	'x,data,blob_fill(3),ab'
refuses_line "an open quote" in.csv:3: -- 'x,data,string,"abc'
refuses_line "not UTF-8" in.csv:3: -- $'x,data,string,\xff'
refuses_line "a string too long" in.csv:3: a:x 4000 -- \
	"x,data,string,$(repeat 4000 s)"
input a,namespace,, x,data,u8,300 y,data,i8,200 z,data,string,ok w,date,u8,1
refuses_nvs "a wrong type behind wrong values is said" 1 in.csv:6:3: a:w -- \
	generate in.csv o.bin 0x3000
input a,namespace,, x,data,u8,300 y,data,i8,200 z,data,string,ok
refuses_nvs "all wrong values are said in one run" 1 in.csv:3:11: a:x \
	in.csv:4:11: a:y -- generate in.csv o.bin 0x3000
is "the right one is not" "$(grep -c in.csv:5 "$ERR")" 0
for header in '' 'key,type,encoding' 'key,type,value' 'a,namespace,,' \
	'Key,Type,Encoding'; do
	printf '%s\n' "$header" 'a,namespace,,' >in.csv
	refuses_nvs "the header '$header'" 1 in.csv: -- \
		generate in.csv o.bin 0x3000
done
mkdir dir.csv
refuses_nvs "a directory as input" 1 dir.csv directory -- \
	generate dir.csv o.bin 0x3000

# ---- Wi-Fi settings ----

input nvs.net80211,namespace,, 'sta.ssid,data,blob_sz_fill(32;0x00),home' \
	'f,data,blob_fill(6;0xa5),h\303\251' 'e,data,blob_fill(2;0xFF),'
sed -i 's/\\303\\251/é/' in.csv
nvs generate in.csv o.bin 0x3000
holds_only "Wi-Fi: fills and companions" o.bin "0: nvs.net80211 u8 1" \
	"1:nvs.net80211 sta.ssid blob 04000000686f6d65$(repeat 56 0)" \
	"1:nvs.net80211 sta.apinfo blob $(repeat 280 f)" \
	"1:nvs.net80211 sta.pmk blob $(repeat 64 0)" \
	"1:nvs.net80211 sta.apsw blob 0000" \
	"1:nvs.net80211 f blob 68c3a9a5a5a5" "1:nvs.net80211 e blob ffff"
finish

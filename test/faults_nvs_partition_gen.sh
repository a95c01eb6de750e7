#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the Python tool that nvs_partition_gen replaces gets wrong, and
# nvs_partition_gen must not, by the same numbers as in faults_mfg_gen.sh.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools nvs_partition_gen

nvs() {
	try nvs_partition_gen generate in.csv o.bin "${SIZE:-0x3000}" \
		--outdir out
}

# refuses_nvs NAME STATUS TEXT...
refuses_nvs() {
	refuses "$@" -- nvs_partition_gen generate in.csv o.bin \
		"${SIZE:-0x3000}" --outdir out
}

# ---- wrong images ----

input a,namespace,, x,data,u8,1 b,namespace,, y,data,u8,2 a,namespace,, \
	z,data,u8,3
nvs
holds_only "fault_01: a namespace that comes again keeps its index" \
	out/o.bin "0: a u8 1" "1:a x u8 1" "0: b u8 2" "2:b y u8 2" "1:a z u8 3"

input a,namespace,, x,data,binary,héllo
nvs
holds "fault_02: binary text is counted in bytes" out/o.bin \
	"1:a x blob 68c3a96c6c6f"

input a,namespace,, 'motd,data,string,"line1
# line2

line4"' y,data,u8,1
nvs
is "fault_06, fault_07: '#' and blank lines within quotes" \
	"$(peek out/o.bin | tr '\n' '|')" \
	"0: a u8 1|1:a motd string line1|# line2||line4|1:a y u8 1|"
input a,namespace,, '"#id",data,u8,7' '#no,data,u8,7' x,data,u8,8
nvs
holds_only "fault_06: a key that begins with '#' can be quoted" out/o.bin \
	"0: a u8 1" "1:a #id u8 7" "1:a x u8 8"

input a,Namespace,, x,data,STRING,abc y,Data,HEX2BIN,0102 z,data,U8,3
nvs
holds_only "fault_08: encodings in capitals mean the same" out/o.bin \
	"0: a u8 1" "1:a x string abc" "1:a y blob 0102" "1:a z u8 3"

input sn,data,u8,1 a,namespace,,
refuses_nvs "fault_09: a key before any namespace" 1 in.csv:2: sn

input a,namespace,, température_max,data,u8,1
refuses_nvs "fault_10: a key of 15 characters, but 16 bytes" 1 in.csv:3: \
	température_max 15
lines=('a,namespace,,')
for ((i = 0; i < 124; i++)); do lines+=("k$i,data,u8,$i"); done
input "${lines[@]}" clé,data,u8,9
nvs
holds "fault_10: a key that is not ASCII, in a page's last entry" out/o.bin \
	"1:a clé u8 9"

input a,namespace,, x,data,u8,1
printf '\357\273\277' | cat - in.csv >bom.csv
try nvs_partition_gen generate bom.csv o.bin 0x3000 --outdir out
holds_only "fault_11: a byte-order mark at the start" out/o.bin \
	"0: a u8 1" "1:a x u8 1"

input app,namespace,, sta.ssid,data,string,a sta.pswd,data,string,b \
	ap.ssid,data,string,c ap.passwd,data,string,dddddddd \
	ap.authmode,data,u8,3
nvs
is "fault_12: Wi-Fi companions in no other namespace" \
	"$(peek out/o.bin | wc -l)" 6
input nvs.net80211,namespace,, sta.ssid,file,string,f.txt
printf home >f.txt
nvs
holds "fault_12: sta.ssid from a file is the file's text" out/o.bin \
	"1:nvs.net80211 sta.ssid string home"

# encrypt_refused NAME STATUS TEXT... -- ARGS...
encrypt_refused() {
	local -a texts rest
	split_args "$@"
	refuses "${texts[@]}" -- nvs_partition_gen encrypt in.csv o.bin 0x3000 \
		--outdir out "${rest[@]}"
}

input a,namespace,, x,data,u8,1
: >k.bin
encrypt_refused "fault_13: an empty key file" 1 k.bin -- --inputkey k.bin
make_key k.bin
try nvs_partition_gen encrypt in.csv o.bin 0x3000 --outdir out \
	--inputkey k.bin
is "fault_14: a sound key file is taken" \
	"$status $(peek out/o.bin k.bin | tail -n 1)" "0 1:a x u8 1"
rm -r out
printf '\1' | dd of=k.bin bs=1 seek=3 conv=notrunc status=none
encrypt_refused "fault_14: a key file whose CRC does not match" 1 k.bin CRC \
	-- --inputkey k.bin
rm k.bin
encrypt_refused "fault_15: --key_protect_hmac without a key" 2 \
	key_protect_hmac -- --key_protect_hmac
encrypt_refused "fault_15: encrypt without a key" 2 keygen inputkey --
repeat 5 x >h.bin
encrypt_refused "fault_16: an HMAC key of 5 bytes" 1 h.bin 32 -- \
	--keygen --key_protect_hmac --kp_hmac_inputkey h.bin

input a,namespace,, x,data,u8,1
for n in 1 2 3 4 5 6 7 8; do
	try nvs_partition_gen encrypt in.csv o.bin 0x3000 --keygen \
		--keyfile "k$n.bin" --outdir out
	[ "$status" -eq 0 ] || break
done
is "fault_17: eight keys, all different" \
	"$status $(sha256sum out/keys/*.bin | cut -c1-64 | sort -u | wc -l)" \
	"0 8"
before=$(sha256sum out/keys/*.bin)
try nvs_partition_gen generate-key --keyfile k1.bin --outdir out
refused "fault_18: a key file is never replaced" 1 k1.bin
is "fault_18: a key file is left as it was" "$(sha256sum out/keys/*.bin)" \
	"$before"

for value in 'QUJD*RA==' 'QQ==QUJD' 'QQ'; do
	input a,namespace,, "x,data,base64,$value"
	refuses_nvs "fault_19: base64 '$value'" 1 in.csv:3:15: x
done

input a,namespace,, 'x,data,string,"abc' y,data,u8,1
refuses_nvs "fault_20: a quote that is never closed" 1 in.csv:3:
input a,namespace,, 'x,data,string,"abc"def' y,data,u8,1
refuses_nvs "fault_20: text behind a closing quote" 1 in.csv:3:

input a,namespace,, 'site,data,string,Hall 3, north'
refuses_nvs "fault_21: a cell too many" 1 in.csv:3: site
input a,namespace,, site,text,string,x
refuses_nvs "fault_21: an unknown type" 1 in.csv:3: site text
input a,namespace,, ,data,string,x
refuses_nvs "fault_21: an empty key" 1 in.csv:3:
input ,namespace,, site,data,string,x
refuses_nvs "fault_21: an empty namespace" 1 in.csv:2:

input a,namespace,, x,data,u8,1
echo b,data,u8,1 >more.csv
refuses "fault_22: a second input without its header" 1 more.csv:1: -- \
	nvs_partition_gen generate in.csv more.csv o.bin 0x3000 --outdir out
printf 'value,encoding,type,key\n1,u8,data,b\n' >more.csv
try nvs_partition_gen generate in.csv more.csv o.bin 0x3000 --outdir out
holds_only "fault_22: columns of each input by their names" out/o.bin \
	"0: a u8 1" "1:a x u8 1" "1:a b u8 1"

input a,namespace,, x,data,u8,1 b,namespace,, a,namespace,, x,data,u8,2
refuses_nvs "fault_23: a key twice in a namespace" 1 in.csv:6: x a

lines=()
for ((i = 1; i <= 255; i++)); do
	lines+=("space$i,namespace,," "k,data,u8,1")
done
input "${lines[@]:0:508}"
SIZE=0x8000 nvs
holds "fault_24: 254 namespaces" out/o.bin "254:space254 k u8 1"
input "${lines[@]}"
SIZE=0x8000 refuses_nvs "fault_24: 255 namespaces" 1 in.csv:510: space255 254

input a,namespace,, x,file,binary,big.bin
repeat 520000 x >big.bin
SIZE=0x100000 refuses_nvs "fault_25: a blob of 520,000 bytes" 1 in.csv:3:15: \
	x 508000

input a,namespace,, x,data,u8,1
SIZE=0x2000 nvs
is "fault_26: an image of 0x2000 has that size" "$(stat -c %s out/o.bin)" 8192
says "fault_26: and has to be flagged in the partition table" readonly

input
printf 'key,type,encoding,value\na,namespace,,\nx,data,string,a\0b\n' >in.csv
refuses_nvs "fault_27: a NUL byte" 1 in.csv:3: NUL

# shellcheck disable=SC2088 # it is ours to expand
tilde='~/lot'
input a,namespace,, x,data,u8,1
mkdir home
HOME=$T/home try nvs_partition_gen generate in.csv o.bin 0x3000 \
	--outdir "$tilde"
is "fault_31: ~ is the home directory" "$status $(files home)" "0 lot/o.bin"

# ---- right input refused ----

for n in 3967 3968 3999; do
	input a,namespace,, "x,data,string,$(repeat "$n" s)"
	SIZE=0x5000 nvs
	holds "fault_32: a string of $n characters" out/o.bin \
		"1:a x string $(repeat "$n" s)"
done

input a,namespace,, "x,data,hex2bin,$(repeat 200000 7)"
SIZE=0x20000 nvs
holds "fault_36: a cell of 200,000 characters" out/o.bin \
	"1:a x blob of 100000 bytes, CRC $(repeat 100000 w | crc32)"

input '  ' a,namespace,, $'\t' x,data,u8,1 ' '
nvs
holds "fault_37: lines of blanks are skipped" out/o.bin "1:a x u8 1"

input a,namespace,, x,file,hex2bin,f.hex
printf '01020304\n05060708\n' >f.hex
nvs
holds "fault_38: a file of hex digits in several lines" out/o.bin \
	"1:a x blob 0102030405060708"

# ---- what happens after a failure ----

input a,namespace,, x,data,u8,1
refuses "fault_39: an input that is not there" 1 absent.csv -- \
	nvs_partition_gen generate absent.csv o.bin 0x3000 --outdir out
refuses "fault_39: no command" 2 usage -- nvs_partition_gen
refuses "fault_39: a size that is no number" 2 large -- \
	nvs_partition_gen generate in.csv o.bin large --outdir out

input a,namespace,, x,data,u8,300
refuses_nvs "fault_40: a bad value leaves nothing" 1 in.csv:3:11: x 300 u8
input a,namespace,, x,file,binary,absent.bin
refuses_nvs "fault_40: a missing file leaves nothing" 1 in.csv:3:15: x \
	absent.bin
input a,namespace,, x,data,u8,1
make_key k.bin
encrypt_refused "fault_40: --keygen with --inputkey leaves nothing" 2 keygen \
	inputkey -- --keygen --inputkey k.bin

input '# a comment' '' a,namespace,, '' 'q,data,string,"a

b"' x,data,u8,300
refuses_nvs "fault_41: lines are counted as an editor counts them" 1 \
	in.csv:9:11: x 300

input a,namespace,, x,data,u8,1
for size in 0xFFFFFFFFFFFFF000 0x7ffff000 99999999999999999999999; do
	SIZE=$size refuses_nvs "fault_42: the size $size" '1 2' "$size"
done

input a,namespace,, x,data,u8,1
mkdir out
echo old >out/o.bin
mv in.csv good.csv
printf 'key,type,encoding,value\na,namespace,,\nx,data,u8,300\n' >in.csv
refuses_nvs "fault_43: an existing output outlives bad input" 1 in.csv:3:
refuses "fault_43: an existing output outlives a bad size" 2 0x3001 -- \
	nvs_partition_gen generate good.csv o.bin 0x3001 --outdir out
mv good.csv in.csv
nvs
is "fault_43: good input replaces it" "$(files out) $(stat -c %s out/o.bin)" \
	"o.bin 12288"

input a,namespace,, x,data,u8,1
make_key k.bin
try nvs_partition_gen encrypt in.csv e.bin 0x3000 --inputkey k.bin --outdir .
succeeds "fault_44: an image to decrypt"
try nvs_partition_gen generate-key --keyfile other.bin --outdir .
refuses "fault_44: decrypt with another key" 1 other.bin -- \
	nvs_partition_gen decrypt e.bin keys/other.bin p.bin --outdir out
head -c 40 k.bin >short.bin
refuses "fault_44: decrypt with a short key" 1 short.bin -- \
	nvs_partition_gen decrypt e.bin short.bin p.bin --outdir out
head -c 5000 e.bin >cut.bin
refuses "fault_44: decrypt half a page" 1 cut.bin -- \
	nvs_partition_gen decrypt cut.bin k.bin p.bin --outdir out
try nvs_partition_gen decrypt e.bin k.bin p.bin --outdir out
holds "fault_44: decrypt with the right key" out/p.bin "1:a x u8 1"

# ---- where the original is merely lenient ----

input
nvs
is "fault_49: an input without rows is one empty page" \
	"$status $(peek --pages out/o.bin | tr '\n' ' ')" \
	"0 ACTIVE 0 2 0 EMPTY EMPTY "
input
: >in.csv
refuses_nvs "fault_49: an input without a header" 1 in.csv
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Input CSVs made to be hard: nvs_partition_gen makes an image, nvs_tool
# writes it back as a CSV, and from that comes the same image, byte for byte,
# in both versions, plain and encrypted. (nvs_round_trip.sh does it with every
# recorded image.)
# shellcheck source-path=SCRIPTDIR disable=SC2054 # lines have commas
. "$(dirname "$0")/lib.sh"
need_tools nvs_tool nvs_partition_gen

# The key partition of the format's example.
{
	repeat 32 '\021'
	repeat 32 '\042'
	printf '\054\357\317\074'
	repeat 4028 '\377'
} >key.bin

# input LINE...: in.csv, the header put in front
input() {
	printf '%s\n' key,type,encoding,value "$@" >in.csv
}

# back NAME VERSION [OPTION...]: a.bin -> back.csv -> b.bin, the same bytes
back() {
	local name=$1 version=$2
	shift 2
	rm -rf b.bin strings
	try nvs_tool --csv --csv-files strings "$@" a.bin
	[ "$status" -eq 0 ] || { fail "$name: --csv" "$(last_run)"; return; }
	cp "$OUT" back.csv
	if [ $# -gt 0 ]; then
		try nvs_partition_gen encrypt --version "$version" \
			--inputkey key.bin back.csv b.bin "$SIZE"
	else
		try nvs_partition_gen generate --version "$version" back.csv \
			b.bin "$SIZE"
	fi
	[ "$status" -eq 0 ] || { fail "$name: again" "$(last_run)"; return; }
	same "$name" b.bin a.bin
	try nvs_tool diff "$@" a.bin b.bin
	is "$name: diff has nothing to say" "$status$(cat "$OUT" "$ERR")" 0
}

# round_trip NAME VERSION...: of in.csv
round_trip() {
	local name=$1 version
	shift
	for version; do
		try nvs_partition_gen generate --version "$version" in.csv a.bin \
			"$SIZE"
		if [ "$status" -ne 0 ]; then
			fail "$name, version $version" "$(last_run)"
			continue
		fi
		back "$name, version $version" "$version"
		try nvs_partition_gen encrypt --version "$version" in.csv a.bin \
			"$SIZE" --inputkey key.bin
		back "$name, version $version, encrypted" "$version" \
			--keys key.bin
	done
}

SIZE=0x4000

# ---- strings ----

input a,namespace,, 'comma,data,string,"a,b,,c,"' 'quote,data,string,"say ""x"""' \
	'inner,data,string,7" TFT' 'quotes,data,string,""""""' \
	'lf,data,string,"line 1

# line 3
a,b"' 'lf_end,data,string,"x
"' 'lf_only,data,string,"
"' 'hash,data,string,#no comment' 'hash_q,data,string,"#, no comment"' \
	'hash_lf,data,string,"
#"' 'blank,data,string, ' 'blanks,data,string,"  a  "' \
	'tab,data,string,	x	' 'empty,data,string,' 'empty_q,data,string,""' \
	'semi,data,string,a;b' 'apos,data,string,'"'it'" \
	'back,data,string,C:\new\x00' 'formula,data,string,=1+1' \
	'header,data,string,"key,type,encoding,value"' \
	'utf8,data,string,héllo €𝄞' 'bom,data,string,﻿x' \
	'ctrl,data,string,'$'\001\033[31m\177' \
	"long,data,string,$(repeat 1983 s)"
round_trip "strings" 1 2
is "strings: 24 of them" "$(peek b.bin key.bin | grep -c '^1:a [a-z0-9_]* string')" 24

# Carriage returns are line ends to a CSV: they need a file, or are refused.
printf 'a\r\nb\r' >cr.txt
input a,namespace,, cr,file,string,cr.txt x,data,u8,1
round_trip "carriage returns through a file" 1 2
try nvs_partition_gen generate in.csv a.bin $SIZE
refuses "carriage returns without a file" 1 a:cr "carriage return" \
	--csv-files -- nvs_tool --csv a.bin

# ---- blobs ----

for ((i = 0; i < 256; i++)); do printf '%02x' $i; done >all.hex
for n in 0 1 2 3 31 32 33 1984; do repeat $n '\377' >ff.$n; done
input a,namespace,, none,data,binary, none_h,data,hex2bin, none_b,data,base64, \
	"all,data,hex2bin,$(cat all.hex)" 'bin,data,binary,"a, ""b"", c"' \
	ff0,file,binary,ff.0 ff1,file,binary,ff.1 ff2,file,binary,ff.2 \
	ff3,file,binary,ff.3 ff31,file,binary,ff.31 ff32,file,binary,ff.32 \
	ff33,file,binary,ff.33 ff1984,file,binary,ff.1984 \
	'fill,data,blob_fill(40;0x00),é' 'size,data,blob_sz_fill(40;0xff),x'
round_trip "blobs" 1 2
is "blobs: base64 is on one line each" \
	"$(wc -l <back.csv) $(grep -c ',data,base64,' back.csv)" "17 15"

SIZE=0x20000
for n in 4000 4001 100000; do repeat $n x >big.$n; done
input a,namespace,, x,data,u8,1 b1,file,binary,big.4000 s,data,string,between \
	b2,file,binary,big.4001 b3,file,binary,big.100000 y,data,u8,2
round_trip "blobs over many pages" 2
SIZE=0x4000

# ---- integers ----

input a,namespace,, u8_0,data,u8,0 u8_m,data,u8,255 i8_m,data,i8,127 \
	i8_n,data,i8,-128 i8_1,data,i8,-1 u16_m,data,u16,65535 \
	i16_n,data,i16,-32768 i16_m,data,i16,32767 u32_m,data,u32,4294967295 \
	i32_n,data,i32,-2147483648 i32_m,data,i32,2147483647 \
	u64_m,data,u64,18446744073709551615 u64_h,data,u64,9223372036854775808 \
	i64_n,data,i64,-9223372036854775808 i64_m,data,i64,9223372036854775807 \
	i64_1,data,i64,-1 hex,data,u64,0xFFFFFFFFFFFFFFFF minus0,data,i8,-0 \
	plus,data,u32,+007
round_trip "integers" 1 2
ok "integers: the extremes in the CSV" grep -qx \
	'i64_n,data,i64,-9223372036854775808' back.csv

# ---- names and namespaces ----

input abcdefghijklmno,namespace,, ABCDEFGHIJKLMNO,data,u8,1 x,data,u8,2 \
	'1,namespace,,' '1,data,u8,3' 'nämespäce,namespace,,' \
	'schlüssel,data,u8,4' '"#ns",namespace,,' '"#key",data,u8,5' \
	'"a,b",namespace,,' '"c""d",data,u8,6' '" e ",data,u8,7' \
	'key,data,u8,8' 'namespace,namespace,,' 'data,data,string,data' \
	'-x,namespace,,' '=y,data,u8,9'
round_trip "names" 1 2
is "names: seven namespaces" "$(peek b.bin key.bin | grep -c '^0:')" 7

# A namespace that comes again, keys of the same name, one without keys, one
# defined long before its first key.
input a,namespace,, late,namespace,, none,namespace,, a,namespace,, x,data,u8,1 \
	b,namespace,, x,data,u16,2 a,namespace,, y,data,string,'"a, y"' \
	b,namespace,, y,data,binary,bb late,namespace,, x,data,i64,-3 \
	last,namespace,,
round_trip "interleaved namespaces" 1 2
is "interleaved namespaces: in the order of the image" \
	"$(peek b.bin key.bin | cut -d' ' -f1,2 | paste -sd ' ' -)" \
	"0: a 0: late 0: none 1:a x 0: b 4:b x 1:a y 4:b y 2:late x 0: last"

lines=()
for ((i = 0; i < 254; i++)); do
	lines+=("n$i,namespace,," "k,data,u8,$i")
done
SIZE=0x6000
input "${lines[@]}"
round_trip "254 namespaces" 1 2
lines=(a,namespace,,)
for ((i = 0; i < 600; i++)); do lines+=("k$i,data,i32,-$i"); done
input "${lines[@]}"
round_trip "600 keys" 1 2
SIZE=0x4000

input
for version in 1 2; do
	try nvs_partition_gen generate --version $version in.csv a.bin $SIZE
	back "no rows at all, version $version" $version
done
input a,namespace,,
round_trip "a namespace alone" 1 2

# ---- Wi-Fi settings: companions are not made twice ----

input nvs.net80211,namespace,, 'sta.ssid,data,blob_sz_fill(32;0x00),home' \
	'sta.pswd,data,blob_fill(64;0x00),secret123' \
	'ap.ssid,data,blob_sz_fill(32;0x00),device' \
	'ap.passwd,data,blob_fill(64;0x00),password' ap.authmode,data,u8,3
round_trip "Wi-Fi settings" 1 2
is "Wi-Fi settings: their namespace, five keys, four companions" "$(peek b.bin key.bin | wc -l)" 10
# Through another CSV: with companions of the input's own.
input nvs.net80211,namespace,, sta.ssid,data,string,home \
	sta.apinfo,data,binary,mine
round_trip "Wi-Fi settings with a companion of their own" 1 2

# ---- sizes ----

input a,namespace,, x,data,u8,1 s,data,string,text
for SIZE in 0x1000 0x2000 0x3000 0x8000; do
	round_trip "size $SIZE" 1 2
done

# ---- a damaged image has no CSV ----

SIZE=0x3000
try nvs_partition_gen generate in.csv a.bin $SIZE
printf 'T' | dd of=a.bin bs=1 seek=$((64 + 3 * 32)) conv=notrunc status=none
refuses "a damaged image has no CSV" 1 a:s data_crc -- nvs_tool --csv a.bin
is "and prints nothing on stdout" "$(wc -c <"$OUT")" 0
try nvs_partition_gen encrypt in.csv a.bin $SIZE --inputkey key.bin
refuses "an encrypted image needs its key" 1 --keys -- nvs_tool --csv a.bin
{ repeat 32 k && repeat 32 m; } >other.bin
refuses "an encrypted image and another key" 1 other.bin fit -- \
	nvs_tool --csv --keys other.bin a.bin
finish

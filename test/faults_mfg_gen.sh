#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the Python tools that mfg_gen replaces get wrong, and mfg_gen must
# not: each fault known of them has its number and its checks here. The ones
# of nvs_partition_gen are in faults_nvs_partition_gen.sh.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen

# ---- wrong images ----

conf a,namespace, x,data,u8 b,namespace, y,data,u8 a,namespace, z,data,u8
vals x,y,z 1,2,3
mfg
holds_only "fault_01: a namespace that comes again keeps its index" \
	out/bin/P-1.bin "0: a u8 1" "1:a x u8 1" "0: b u8 2" "2:b y u8 2" \
	"1:a z u8 3"

conf a,namespace, x,data,binary
vals x héllo
mfg
holds "fault_02: binary text is counted in bytes" out/bin/P-1.bin \
	"1:a x blob 68c3a96c6c6f"
conf a,namespace, x,data,binary y,data,u8
vals x,y "$(repeat 3967 a)€€,7"
try mfg_gen generate conf.csv values.csv P 0x4000 --outdir out
succeeds "fault_02: binary text over a page's end"
is "fault_02: binary text is cut between bytes" \
	"$(peek out/bin/P-1.bin | grep ' x ')" \
	"1:a x blob of 3973 bytes, CRC $(printf '%s€€' "$(repeat 3967 a)" |
		crc32)"

conf app,namespace, sn,data,string
vals note,sn sn,S1
mfg
holds "fault_03: metadata that equals a key's name" out/bin/P-1.bin \
	"1:app sn string S1"
ok "fault_03: and so in the CSV" has out/csv/P-1.csv sn,data,string,S1

conf app,namespace, sn,data,string
vals note,unit,sn unit,U-77,S1
mfg --fileid unit
is "fault_04: --fileid looks at the header only" \
	"$(files out)" "bin/P-U-77.bin csv/P-U-77.csv"

conf wifi,namespace, ssid,data,string cloud,namespace, \
	ssid,data,string,REPEAT
vals id,ssid,ssid 1,home1,cloudX 2,home2,
mfg
holds_only "fault_05: REPEAT on the second of two equal keys" \
	out/bin/P-2.bin "0: wifi u8 1" "1:wifi ssid string home2" \
	"0: cloud u8 2" "2:cloud ssid string cloudX"

conf a,namespace, motd,data,string
vals motd '"line1
# line2
line3"'
mfg
holds "fault_06: '#' begins a line within quotes" out/bin/P-1.bin \
	"1:a motd string line1" "# line2" "line3"
conf a,namespace, '#id,data,u8' x,data,u8
vals '#id,x' 7,8
mfg
holds_only "fault_06: a key that begins with '#'" out/bin/P-1.bin \
	"0: a u8 1" "1:a #id u8 7" "1:a x u8 8"

conf a,namespace, motd,data,string
vals motd '"line1

line3"'
mfg
is "fault_07: blank lines within quotes, in the image" \
	"$(peek out/bin/P-1.bin | tail -n 3 | tr '\n' '|')" \
	"1:a motd string line1||line3|"
is "fault_07: and in the CSV" "$(tail -n 3 out/csv/P-1.csv | tr -d '\r' |
	tr '\n' '|')" 'motd,data,string,"line1||line3"|'

conf a,namespace, x,data,STRING y,Data,Hex2Bin z,DATA,U8 w,data,Base64
vals x,y,z,w abc,0102,3,QUI=
mfg
holds_only "fault_08: encodings in capitals mean the same" out/bin/P-1.bin \
	"0: a u8 1" "1:a x string abc" "1:a y blob 0102" "1:a z u8 3" \
	"1:a w blob 4142"

conf sn,data,u8 a,namespace,
vals sn 1
refuses_mfg "fault_09: a key before any namespace" 1 conf.csv:1: sn --

conf a,namespace, température_max,data,u8
vals température_max 1
refuses_mfg "fault_10: a key of 15 characters, but 16 bytes" 1 conf.csv:2: \
	température_max 15 --
lines=('a,namespace,') names='' values=''
for ((i = 0; i < 124; i++)); do
	lines+=("k$i,data,u8") names+="k$i," values+="$i,"
done
conf "${lines[@]}" clé,data,u8
vals "${names}clé" "${values}9"
mfg
holds "fault_10: a key that is not ASCII, in a page's last entry" \
	out/bin/P-1.bin "1:a clé u8 9"
is "fault_10: the image keeps its size" \
	"$(stat -c %s out/bin/P-1.bin)" 12288

conf app,namespace, sn,data,string
printf '\357\273\277app,namespace,\nsn,data,string\n' >conf.csv
printf '\357\273\277sn\nS1\n' >values.csv
mfg
holds_only "fault_11: a byte-order mark at the start" out/bin/P-1.bin \
	"0: app u8 1" "1:app sn string S1"
is "fault_11: is not in the CSV" "$(head -c 3 out/csv/P-1.csv)" key

conf app,namespace, sta.ssid,data,string sta.pswd,data,string \
	ap.ssid,data,string ap.passwd,data,string ap.authmode,data,u8
vals sta.ssid,sta.pswd,ap.ssid,ap.passwd,ap.authmode a,b,c,dddddddd,3
mfg
holds_only "fault_12: Wi-Fi companions in no other namespace" \
	out/bin/P-1.bin "0: app u8 1" "1:app sta.ssid string a" \
	"1:app sta.pswd string b" "1:app ap.ssid string c" \
	"1:app ap.passwd string dddddddd" "1:app ap.authmode u8 3"
conf app,namespace, sta.ssid,file,string
vals sta.ssid f.txt
printf home >f.txt
mfg
holds "fault_12: sta.ssid from a file is the file's text" out/bin/P-1.bin \
	"1:app sta.ssid string home"

conf a,namespace, x,data,u8
vals x 1 2
: >k.bin
refuses_mfg "fault_13: an empty key file" 1 k.bin -- --inputkey k.bin

make_key k.bin
mfg --inputkey k.bin
succeeds "fault_14: a sound key file is taken"
rm -r out
printf '\1' | dd of=k.bin bs=1 seek=3 conv=notrunc status=none
refuses_mfg "fault_14: a key file whose CRC does not match" 1 k.bin CRC -- \
	--inputkey k.bin
for n in 0 63 65 4095 4097; do
	make_key k.bin
	truncate -s "$n" k.bin
	refuses_mfg "fault_14: a key file of $n bytes" 1 k.bin -- \
		--inputkey k.bin
done

rm k.bin
refuses_mfg "fault_15: --key_protect_hmac without a key option" 2 \
	key_protect_hmac -- --key_protect_hmac
refuses_mfg "fault_15: --kp_hmac_keygen without --key_protect_hmac" 2 \
	kp_hmac_keygen -- --kp_hmac_keygen
refuses_mfg "fault_15: --keygen --key_protect_hmac without an HMAC key" 2 \
	kp_hmac -- --keygen --key_protect_hmac

for n in 0 5 31 33 64; do
	repeat "$n" x >h.bin
	refuses_mfg "fault_16: an HMAC key of $n bytes" 1 h.bin 32 -- \
		--keygen --key_protect_hmac --kp_hmac_inputkey h.bin
	refuses "fault_16: an HMAC key of $n bytes, generate-key" 1 h.bin 32 \
		-- mfg_gen generate-key --key_protect_hmac \
		--kp_hmac_inputkey h.bin --keyfile k.bin --outdir out
done

conf a,namespace, x,data,u8
vals x $(seq 1 100)
mfg --keygen
succeeds "fault_17: a hundred keys"
mv out first
mfg --keygen
is "fault_17: two hundred keys, all different" \
	"$(cat out/keys/*.bin first/keys/*.bin | od -An -v -t x1 -w4096 |
		cut -c1-192 | sort -u | wc -l)" 200
is "fault_17: both halves differ" \
	"$(cat out/keys/*.bin | od -An -v -t x1 -w4096 |
		awk '{ a = b = ""
			for (i = 1; i <= 32; i++) { a = a $i; b = b $(i + 32) }
			if (a != b) n++ } END { print n + 0 }')" 100

# The HMAC keys in a tree: each device's key file derives from one of them.
underivable() {
	local key hmac found
	for key in out/keys/keys-*.bin; do
		found=
		for hmac in out/keys/*; do
			[ "$(stat -c %s "$hmac")" -eq 32 ] || continue
			mfg_gen generate-key --key_protect_hmac \
				--kp_hmac_inputkey "$hmac" --keyfile d.bin \
				--outdir derived >/dev/null
			cmp -s derived/keys/d.bin "$key" && found=$hmac
			rm -rf derived
		done
		[ -n "$found" ] || echo "$key"
	done
}

conf a,namespace, x,data,u8
vals x 1 2
before=$(fingerprint .)
mfg --keygen --key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile efuse.bin
if [ "$status" -eq 0 ]; then
	is "fault_18: --kp_hmac_keyfile: no device's HMAC key is lost" \
		"$(underivable)" ""
	is "fault_18: --kp_hmac_keyfile: one HMAC key per device" \
		"$(find out/keys -size 32c -name '*.bin' | wc -l)" 2
else
	says "fault_18: one --kp_hmac_keyfile for two devices is refused" \
		kp_hmac_keyfile
	is "fault_18: and nothing is written" "$(fingerprint .)" "$before"
fi
fresh
try mfg_gen generate-key --outdir out
succeeds "fault_18: generate-key"
first=$(fingerprint out)
try mfg_gen generate-key --outdir out
is "fault_18: a second generate-key within the minute keeps the first key" \
	"$(fingerprint out | grep -cxF -e "$first")" \
	"$(printf '%s\n' "$first" | wc -l)"
try mfg_gen generate-key --keyfile k.bin --outdir out
first=$(fingerprint out)
refuses "fault_18: generate-key never replaces a key" 1 k.bin -- \
	mfg_gen generate-key --keyfile k.bin --outdir out

conf a,namespace, x,data,base64
for value in 'QUJD*RA==' 'QQ==QUJD' 'QQ=' 'QQ' 'QQ===' 'Q'; do
	vals x 'QQ==' "$value"
	refuses_mfg "fault_19: base64 '$value'" 1 values.csv:3:1: x --
done

conf a,namespace, q,data,string z,data,string
vals q,z '1,"abc' 2,def
refuses_mfg "fault_20: a quote that is never closed" 1 values.csv:2: --
vals q,z 1,x '"abc"def"g,h"'
refuses_mfg "fault_20: text behind a closing quote" 1 values.csv:3: --

conf a,namespace, ser,data,string,REPEAT,x
vals ser S1
refuses_mfg "fault_21: a cell behind REPEAT" 1 conf.csv:2: ser --
conf a,namespace, ser,text,string
vals ser S1
refuses_mfg "fault_21: an unknown type" 1 conf.csv:2: ser text --
conf a,namespace, ,data,string
vals ser S1
refuses_mfg "fault_21: an empty key" 1 conf.csv:2: --
conf ,namespace, ser,data,string
vals ser S1
refuses_mfg "fault_21: an empty namespace" 1 conf.csv:1: --

conf a,namespace, x,data,u8 y,data,u8 x,data,u8
vals x,y,x 1,2,3
refuses_mfg "fault_23: a key twice in a namespace" 1 conf.csv:4: x --
conf a,namespace, x,data,u8 b,namespace, y,data,u8 a,namespace, x,data,u8
vals x,y,x 1,2,3
refuses_mfg "fault_23: also where the namespace comes again" 1 conf.csv:6: \
	x a --

# many_namespaces COUNT
many_namespaces() {
	local n lines=() names=
	for ((n = 1; n <= $1; n++)); do
		lines+=("space$n,namespace," "k$n,data,u8")
		names+=,k$n
	done
	conf "${lines[@]}"
	vals "${names#,}" "$(seq -s, 1 "$1" | sed 's/2[0-9][0-9]/200/g')"
}
many_namespaces 254
try mfg_gen generate conf.csv values.csv P 0x8000 --outdir out
holds "fault_24: 254 namespaces" out/bin/P-1.bin "254:space254 k254 u8 200"
many_namespaces 255
refuses "fault_24: 255 namespaces" 1 conf.csv:509: space255 254 -- \
	mfg_gen generate conf.csv values.csv P 0x8000 --outdir out

conf a,namespace, x,file,binary
vals x big.bin
repeat 508000 x >big.bin
try mfg_gen generate conf.csv values.csv P 0x100000 --outdir out
holds "fault_25: a blob of 508,000 bytes" out/bin/P-1.bin \
	"1:a x blob of 508000 bytes, CRC $(crc32 <big.bin)"
rm -r out
echo >>big.bin
refuses "fault_25: a blob of 508,001 bytes" 1 values.csv:2:1: x 508000 -- \
	mfg_gen generate conf.csv values.csv P 0x100000 --outdir out
repeat 520000 x >big.bin
refuses "fault_25: a blob of 520,000 bytes" 1 values.csv:2:1: x 508000 -- \
	mfg_gen generate conf.csv values.csv P 0x100000 --outdir out

conf a,namespace, x,data,u8
vals x 1
try mfg_gen generate conf.csv values.csv P 0x2000 --outdir out
is "fault_26: an image of 0x2000 has that size" \
	"$(stat -c %s out/bin/P-1.bin) $(peek --pages out/bin/P-1.bin |
		tr '\n' ' ')" "8192 ACTIVE 0 2 2 EMPTY "
says "fault_26: and has to be flagged in the partition table" readonly

conf a,namespace, x,data,string
printf 'x\nab\na\0b\n' >values.csv
refuses_mfg "fault_27: a NUL byte in the values" 1 values.csv:3: NUL --
vals x 1
printf 'a,namespace,\nx\0,data,string\n' >conf.csv
refuses_mfg "fault_27: a NUL byte in the configuration" 1 conf.csv:2: NUL --

conf a,namespace, x,data,string
vals x
refuses_mfg "fault_28: a values table without a device" 1 values.csv --
conf a,namespace, x,data,string,REPEAT
vals x
refuses_mfg "fault_28: also with REPEAT" 1 values.csv --
: >values.csv
refuses_mfg "fault_28: an empty values table" 1 values.csv --

conf a,namespace, x,data,u8
vals id,x d,1 d/../../../x,2
mkdir -p out/csv/P-d
refuses_mfg "fault_29: an id with '/'" 1 values.csv:3:1: d/../../../x -- \
	--fileid id
for id in . .. '' $'tab\tbed'; do
	vals id,x d,1 "$id,2"
	refuses_mfg "fault_29: the id '${id//$'\t'/\\t}'" 1 values.csv:3:1: \
		-- --fileid id
done
vals id,x d,1
for prefix in ../../lot a/b . .. '' $'a\nb'; do
	refuses "fault_29: the prefix '${prefix//$'\n'/\\n}'" '1 2' prefix -- \
		mfg_gen generate conf.csv values.csv "$prefix" 0x3000 \
		--outdir out
done

conf a,namespace, x,data,u8,REPEAT
for name in conf_tmp.csv dev_tmp.csv dev.csv; do
	printf 'x\n1\n\n\n' >$name
	cp $name kept
	try mfg_gen generate conf.csv $name P 0x3000 --outdir "out-$name"
	succeeds "fault_30: values in $name"
	same "fault_30: $name is left alone" $name kept
done
rm -rf out-* kept
is "fault_30: nothing but the expanded tables is left" \
	"$(files .)" "conf.csv conf_tmp.csv conf_tmp_created.csv dev.csv \
dev_created.csv dev_tmp.csv dev_tmp_created.csv"

# shellcheck disable=SC2088 # it is ours to expand
tilde='~/lot'
conf a,namespace, x,data,u8
vals x 1
mkdir home
HOME=$T/home try mfg_gen generate conf.csv values.csv P 0x3000 \
	--outdir "$tilde" --keygen
is "fault_31: ~ is the home directory for all of it" \
	"$(files home/lot)" "bin/P-1.bin csv/P-1.csv keys/keys-P-1.bin"
HOME=$T/home try mfg_gen generate-key --keyfile k.bin --outdir '~'
ok "fault_31: also for generate-key" test -f home/keys/k.bin
HOME='' refuses_mfg "fault_31: ~ without HOME is an error" '1 2' HOME -- \
	--outdir "$tilde"

# ---- right input refused ----

conf a,namespace, x,data,string y,data,u8
for n in 3967 3968 3999; do
	vals x,y "$(repeat "$n" s),1"
	try mfg_gen generate conf.csv values.csv P 0x5000 --outdir "out$n"
	holds "fault_32: a string of $n characters" "out$n/bin/P-1.bin" \
		"1:a x string $(repeat "$n" s)" "1:a y u8 1"
done
vals x,y "$(repeat 4000 s),1"
refuses "fault_32: a string of 4000 characters" 1 values.csv:2:1: x 4000 -- \
	mfg_gen generate conf.csv values.csv P 0x5000 --outdir out

conf a,namespace, k,data,i16
vals k -32768 32767
mfg
holds "fault_33: i16, least" out/bin/P-1.bin "1:a k i16 -32768"
holds "fault_33: i16, greatest" out/bin/P-2.bin "1:a k i16 32767"

conf REPEAT,namespace, namespace,data,u8 REPEAT,data,string data,data,u8 \
	file,data,u8 key,data,u8,REPEAT
vals namespace,REPEAT,data,file,key 1,two,3,4,5 6,namespace,8,9,
mfg
holds_only "fault_34: keys named like the words of the format" \
	out/bin/P-2.bin "0: REPEAT u8 1" "1:REPEAT namespace u8 6" \
	"1:REPEAT REPEAT string namespace" "1:REPEAT data u8 8" \
	"1:REPEAT file u8 9" "1:REPEAT key u8 5"

conf a,namespace, x,data,u8
vals id,x A.1,1 A.bin,2 .x,3
try mfg_gen generate conf.csv values.csv P.2 0x3000 --outdir out --keygen \
	--fileid id
tree_is "fault_35: dots in prefix and ids, with --keygen" out \
	bin/ "bin/P.2-.x.bin 12288" "bin/P.2-A.1.bin 12288" \
	"bin/P.2-A.bin.bin 12288" csv/ "csv/P.2-.x.csv 53" \
	"csv/P.2-A.1.csv 53" "csv/P.2-A.bin.csv 53" keys/ \
	"keys/keys-P.2-.x.bin 4096" "keys/keys-P.2-A.1.bin 4096" \
	"keys/keys-P.2-A.bin.bin 4096"

conf a,namespace, x,data,hex2bin
vals x "$(repeat 200000 7)"
try mfg_gen generate conf.csv values.csv P 0x20000 --outdir out
holds "fault_36: a cell of 200,000 characters" out/bin/P-1.bin \
	"1:a x blob of 100000 bytes, CRC $(repeat 100000 w | crc32)"

conf a,namespace, '   ' x,data,u8 $'\t '
vals x '  ' 1 $' \t' 2 ''
mfg
is "fault_37: lines of blanks are skipped" "$(files out/bin)" \
	"P-1.bin P-2.bin"

conf a,namespace, x,file,hex2bin
vals x f.hex
printf '0102030405060708\n090a0b0c0d0e0f10\r\n\n' >f.hex
mfg
holds "fault_38: a file of hex digits in several lines" out/bin/P-1.bin \
	"1:a x blob 0102030405060708090a0b0c0d0e0f10"

# ---- what happens after a failure ----

conf a,namespace, x,data,u8
vals x 1
refuses "fault_39: a configuration that is not there" 1 absent.csv -- \
	mfg_gen generate absent.csv values.csv P 0x3000 --outdir out
refuses "fault_39: values that are not there" 1 absent.csv -- \
	mfg_gen generate conf.csv absent.csv P 0x3000 --outdir out
printf 'x\n\3511\n' >latin.csv
refuses "fault_39: values that are not UTF-8" 1 latin.csv:2:1: UTF-8 -- \
	mfg_gen generate conf.csv latin.csv P 0x3000 --outdir out
refuses "fault_39: no command" 2 usage -- mfg_gen
refuses "fault_39: an unknown command" 2 usage create -- mfg_gen create
refuses "fault_39: a size that is no number" 2 large -- \
	mfg_gen generate conf.csv values.csv P large --outdir out
refuses "fault_39: generate-key without the HMAC key" 2 kp_hmac -- \
	mfg_gen generate-key --key_protect_hmac --outdir out

conf a,namespace, x,data,u8 c,file,string
echo text >c.txt
mkdir -p out/bin out/csv
echo old >out/bin/old.bin
vals x,c 1,c.txt 2,c.txt 300,c.txt 4,c.txt
refuses_mfg "fault_40: a bad row leaves nothing" 1 values.csv:4:1: x 300 --
vals x,c 1,c.txt 2,c.txt 3,d.txt
refuses_mfg "fault_40: a missing file leaves nothing" 1 values.csv:4:3: c \
	d.txt -- --keygen
vals x,c 1,c.txt
refuses "fault_40: a bad size leaves nothing" 2 0x3001 -- \
	mfg_gen generate conf.csv values.csv P 0x3001 --outdir out
make_key k.bin
refuses_mfg "fault_40: --keygen with --inputkey leaves nothing" 2 keygen \
	inputkey -- --keygen --inputkey k.bin
printf 'a,namespace,\nc,file,binary\n' >conf.csv
repeat 9000 x >big.bin
vals c c.txt big.bin
refuses_mfg "fault_40: an image that does not fit leaves nothing" 1 \
	values.csv:3: 0x3000 --
vals c c.txt c.txt c.txt
echo mine >out/bin/P-3.bin
refuses_mfg "fault_40: a target that is there leaves nothing" 1 P-3.bin --
rm out/bin/P-3.bin
mfg
succeeds "fault_40: and then it works"

printf '\n\na,namespace,\n\nx,data,u8\nq,data,string\n\n' >conf.csv
printf '\n  \nx,q\n\n1,"a\n\nb"\n\n300,c\n' >values.csv
rm -r out
refuses_mfg "fault_41: lines are counted as an editor counts them" 1 \
	values.csv:9:1: x 300 u8 --
printf '\n\na,namespace,\n\nx,data,u8\nq,data,strong\n' >conf.csv
refuses_mfg "fault_41: in the configuration too" 1 conf.csv:6: q strong --
conf a,namespace, x,data,base64
vals x QQ==
printf 'x\nQQ==\nQUJ\n' >values.csv
refuses_mfg "fault_41: what does not decode has a place" 1 values.csv:3:1: x --

conf a,namespace, x,data,u8
vals x 1
for size in 0xFFFFFFFFFFFFF000 0x10000000000 4294967296 0x7ffff000 \
	99999999999999999999999; do
	refuses "fault_42: the size $size" '1 2' "$size" -- \
		mfg_gen generate conf.csv values.csv P "$size" --outdir out
done

refuses_mfg "fault_45: --prefix_num 1 -2" 2 prefix_num -- --prefix_num 1 -2
refuses_mfg "fault_45: --prefix_num -5 3" 2 prefix_num -- --prefix_num -5 3
refuses_mfg "fault_45: --prefix_num 1 x" 2 prefix_num -- --prefix_num 1 x
refuses_mfg "fault_45: --prefix_num with one number" 2 prefix_num -- \
	--prefix_num 1

# ---- where the original is merely lenient ----

conf a,namespace, x,data,u32
for value in 1_000 ١٢ 1.0 1e3 '1 2' +-1 0x 0xG 0b1 0o7; do
	vals x "$value"
	refuses_mfg "fault_46: the integer '$value'" 1 values.csv:2:1: x --
done
conf a,namespace, x,file,u8
vals x f.txt
refuses_mfg "fault_46: an integer from a file" 1 conf.csv:2: x --

conf a,namespace, x,data,u8
vals x 1
for size in 0o30000 0b11000000000000 3000h '0x3000 ' ' 12288' +12288 1e4; do
	refuses "fault_47: the size '$size'" 2 "$size" -- \
		mfg_gen generate conf.csv values.csv P "$size" --outdir out
done
refuses "fault_47: a key file named x.binary" '1 2' x.binary .bin -- \
	mfg_gen generate-key --keyfile x.binary --outdir out

repeat 64 k >equal.bin
refuses_mfg "fault_50: a key with equal halves" 1 equal.bin -- \
	--inputkey equal.bin
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# No run writes over what it reads, over another of its own files, or over a
# key; each check was once a file lost. And what spreadsheets and editors do
# to the inputs is said in words that help.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen

fresh() {
	find "$T" -mindepth 1 -delete
	printf 'a,namespace,\nx,data,u8\n' >conf.csv
	printf 'a,namespace,\nx,data,u8,REPEAT\n' >repeat.csv
	printf 'x\n1\n' >one.csv
	printf 'x\n1\n2\n' >two.csv
	printf 'key,type,encoding,value\na,namespace,,\nx,data,u8,1\n' >in.csv
	head -c 64 /dev/urandom >key.bin
}

# ---- single images ----

fresh
refuses "an image does not take the place of its key" 1 s.bin -- \
	nvs_partition_gen encrypt in.csv keys/s.bin 0x3000 --keygen --keyfile s
refuses "the given key is not overwritten" 1 key.bin -- \
	nvs_partition_gen encrypt in.csv ./key.bin 0x3000 --inputkey key.bin
try nvs_partition_gen encrypt in.csv e.bin 0x3000 --inputkey key.bin
refuses "decrypt: the key is not overwritten" 1 key.bin -- \
	nvs_partition_gen decrypt e.bin key.bin key.bin
cp in.csv in.bin
refuses "an input is not overwritten" 1 in.bin -- \
	nvs_partition_gen generate in.bin in.bin 0x3000
ln -s in.csv link.bin
refuses "an input is not overwritten through a link" 1 link.bin -- \
	nvs_partition_gen generate in.csv link.bin 0x3000
printf 'key,type,encoding,value\na,namespace,,\nx,file,binary,cal.bin\n' >f.csv
echo calibration >cal.bin
refuses "a file that a cell names is not overwritten" 1 cal.bin -- \
	nvs_partition_gen generate f.csv cal.bin 0x3000
for output in dir/ . ..; do
	refuses "'$output' is no name of a file" 1 "$output" -- \
		nvs_partition_gen generate in.csv "$output" 0x3000
done

# ---- keys ----

hmac=(--keygen --key_protect_hmac --kp_hmac_keygen)
refuses "two keys need two files" 2 k.bin -- mfg_gen generate conf.csv \
	one.csv P 0x3000 "${hmac[@]}" --kp_hmac_keyfile k.bin --keyfile k
refuses "generate-key: two keys need two files" 2 k.bin -- mfg_gen generate-key \
	--key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile k.bin --keyfile k
refuses "generate-key stays under keys/" 2 ../../esc -- \
	mfg_gen generate-key --outdir g --keyfile ../../esc
try mfg_gen generate conf.csv one.csv H 0x3000 "${hmac[@]}" --outdir out
refuses "an HMAC key is kept in spite of --overwrite" 1 hmac-keys-H-1.bin -- \
	mfg_gen generate conf.csv one.csv H 0x3000 "${hmac[@]}" --outdir out \
	--overwrite
try mfg_gen generate conf.csv one.csv A 0x3000 --keygen --keyfile my \
	--outdir out
is "a key file gets its extension" "$(stat -c %s out/keys/my.bin)" 4096
refuses "another device's key is kept in spite of --overwrite" 1 my.bin -- \
	mfg_gen generate conf.csv one.csv B 0x3000 --keygen --keyfile my \
	--outdir out --overwrite
try mfg_gen generate conf.csv one.csv A 0x3000 --inputkey key.bin --outdir out \
	--overwrite
is "images are replaced with --overwrite" "$status" 0

# ---- files beside the images ----

fresh
for path in two.csv conf.csv key.bin ./two.csv; do
	refuses "the manifest does not take the place of $path" 1 "$path" -- \
		mfg_gen generate conf.csv two.csv P 0x3000 --inputkey key.bin \
		--overwrite --manifest "$path"
done
for path in out/bin/P-1.bin out/csv/m.csv out/keys/m.csv; do
	refuses "no manifest at $path" 1 "$path" -- mfg_gen generate conf.csv \
		two.csv P 0x3000 --outdir out --manifest "$path"
done
refuses "manifest and checksums are two files" 1 SHA256SUMS-P -- \
	mfg_gen generate conf.csv two.csv P 0x3000 --outdir out \
	--manifest out/../out/SHA256SUMS-P --sha256sums
mkdir two_created.csv
refuses "an expanded table that can't be written is found by the check" 1 \
	two_created.csv -- mfg_gen generate repeat.csv two.csv P 0x3000 --check
rmdir two_created.csv
printf 'a,namespace,\nf,file,binary\nx,data,u8,REPEAT\n' >files.csv
printf 'f,x\nu_created.csv,1\n' >u.csv
echo data >u_created.csv
refuses "the expanded table does not take the place of a cell's file" 1 \
	u.csv:2:1 u_created.csv -- mfg_gen generate files.csv u.csv P 0x3000
printf '1\n' >two_created.csv
refuses "the expanded table does not take the place of --only" 1 \
	two_created.csv -- mfg_gen generate repeat.csv two.csv P 0x3000 \
	--only two_created.csv

# ---- what spreadsheets, editors and older habits bring ----

fresh
try mfg_gen generate --v 1 --p 1 2 --o out conf.csv two.csv P 0x3000
is "abbreviations mean the original's options" "$status $(ls out/bin)" \
	"0 P-01-1.bin
P-02-2.bin"
printf '\357\273\2772\r\n' >only
try mfg_gen generate conf.csv two.csv Q 0x3000 --outdir out --only only
is "a byte-order mark in a list of ids" "$status $(ls out/bin/Q*)" \
	"0 out/bin/Q-2.bin"
printf '\n\r\n' >empty
refuses "an empty list of ids is no list" 1 empty "one per line" -- \
	mfg_gen generate conf.csv two.csv R 0x3000 --outdir out --only empty
printf 'key,type,encoding\na,namespace,\nx,data,u8\n' >headed.csv
refuses "a header line in a configuration" 1 headed.csv:1:1 "no header" -- \
	mfg_gen generate headed.csv two.csv P 0x3000
printf 'a,namespace,\nx,file,string\n' >text.csv
printf 'x\nbig.txt\n' >big.csv
head -c 4000 /dev/zero | tr '\0' y >big.txt
refuses "a file that is too long is named" 1 big.csv:2:1 a:x big.txt 4000 -- \
	mfg_gen generate text.csv big.csv P 0x6000
printf 'a,namespace,\n"x\033[31m",data,u8\n' >escape.csv
printf '"x\033[31m"\n300\n' >escapes.csv
try mfg_gen generate escape.csv escapes.csv P 0x3000
is "no control character reaches the terminal" \
	"$(tr -cd '\033' <"$ERR" | wc -c) $(grep -c 'x\\x1b' "$ERR")" "0 1"
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fuzz-seeds.sh TARGET DIR - put the seeds of a fuzz target into DIR: the
# recorded cases of the tests and the samples, in the form that the target
# takes (see the head of test/fuzz/fuzz_TARGET.c). Needs CC for a small
# program where the target takes images.

set -u
cd "$(dirname "$0")/.." || exit 1
target=$1 DIR=$2
mkdir -p "$DIR"
n=0

# seed OPTIONS [FILE...]: an input of these option bytes and parts
seed() {
	local options=$1 first=1 file
	shift
	n=$((n + 1))
	{
		# shellcheck disable=SC2059 # option bytes are escapes
		printf "$options"
		for file; do
			[ -n "$first" ] || printf '%%%%\n'
			first=
			cat "$file"
			[ $# -eq 1 ] || [ -z "$(tail -c1 "$file")" ] || echo
		done
	} >"$DIR/seed-$n"
}

# text OPTIONS TEXT...: the same with the texts themselves
text() {
	local options=$1 i=0 files=() t
	shift
	for t; do
		i=$((i + 1))
		printf '%s' "$t" >"$DIR/.part-$i"
		files+=("$DIR/.part-$i")
	done
	seed "$options" "${files[@]}"
	rm -f "$DIR"/.part-*
}

# Configuration and values of a case, in this order, or nothing.
case_tables() {
	grep -q '"tool": *"mfg_gen"' "$1/cmd.json" || return
	sed -n 's/^ *"\([^"]*\.csv\)",*$/\1/p' "$1/cmd.json" |
		head -n 2 | sed "s|^|$1/in/|"
}

# Each recorded batch: seed OPTIONS conf values a b
batches() {
	local dir tables
	printf 'text of a' >"$DIR/.a"
	printf '0a0B0c' >"$DIR/.b"
	for dir in test/golden/mfg-* test/golden-errors/*; do
		mapfile -t tables < <(case_tables "$dir")
		[ ${#tables[@]} -eq 2 ] || continue
		[ -f "${tables[0]}" ] && [ -f "${tables[1]}" ] &&
			[ "$(cat "${tables[@]}" | wc -c)" -lt 6000 ] &&
			for options; do
				seed "$options" "${tables[@]}" "$DIR/.a" \
					"$DIR/.b"
			done
	done
	seed "$1" samples/sample_config.csv \
		samples/sample_values_singlepage_blob.csv "$DIR/.a" "$DIR/.b"
	text "$1" 'n,namespace,
f,file,string
g,file,hex2bin,REPEAT
h,file,base64
i,file,binary
' 'f,g,id,h,i
a,b,x,b,a
b,,y,b,b
' 'text' '00ff'
	rm -f "$DIR/.a" "$DIR/.b"
}

small_csvs() {
	find test/golden test/golden-errors test/golden-at samples \
		\( "$@" \) -size -8k | sort
}

csv_seeds() {
	local file
	for file in $(small_csvs -path '*/in/*.csv'); do
		seed '\002' "$file"
		seed '\007\011' "$file"
	done
}

input_seeds() {
	local file
	for file in $(small_csvs -path '*/nvs-*/in/*.csv' -o \
		-path '*/page-*/in/*.csv' -o -path '*/expect/csv/*.csv' |
		awk 'NR % 4 == 1 || /nvs-|page-/'); do
		seed '\002\003' "$file"
		seed '\003\003' "$file"
	done
	text '\006\002' 'key,type,encoding,value
n,namespace,,
s,file,string,a
' 'value,key,type,encoding,more
1,k,data,u8,x
b,bb,file,base64,
' 'text' 'AAEC'
}

image_seeds() {
	local file keys
	mkdir -p build/fuzz
	"${CC:-cc}" -Iinclude -Itest/fuzz -o build/fuzz/image_seed \
		test/fuzz/image_seed.c || exit 1
	while read -r file; do
		n=$((n + 1))
		build/fuzz/image_seed "$file" >"$DIR/seed-$n" 2>/dev/null ||
			rm -f "$DIR/seed-$n"
		keys=$(find "${file%/*}/.." -maxdepth 3 -name '*key*.bin' \
			-size 8 | head -n1)
		[ -n "$keys" ] || continue
		n=$((n + 1))
		build/fuzz/image_seed "$file" "$keys" >"$DIR/seed-$n" \
			2>/dev/null || rm -f "$DIR/seed-$n"
	done < <(find test/golden test/golden-nvs-tool test/golden-homekit \
		-name '*.bin' -size -40k ! -path '*/keys/*' | sort)
}

parttable_seeds() {
	local file
	for file in samples/*partition*.csv test/golden-at/*/in/*.csv; do
		for options in '\000' '\014' '\002'; do
			seed "$options" "$file"
		done
	done
	# shellcheck disable=SC2016 # not the shell's variables
	text '\000' '# Name, Type, SubType, Offset, Size, Flags
nvs,      data, nvs,     0x9000,  0x6000,
otadata,data,ota,,0x2000
keys,data,nvs_keys,,0x1000,encrypted
factory,app,factory,$NUMBER,1M
$ROW
fctry,data,nvs,,24K,readonly
spare,0x40,0x01,,-2M
'
	# shellcheck disable=SC2016
	text '\002' 'bootloader,bootloader,primary,N/A,N/A
table,partition_table,primary,N/A,N/A
phy,data,phy,,4K
ota_0,app,ota_0,,960K
${NUMBER},data,undefined,,0x1_000,encrypted:readonly
'
	printf '\xFF\xFEn\0,\0d\0a\0t\0a\0,\0n\0v\0s\0,\0,\0004\0K\0\n\0' \
		>"$DIR/.part"
	seed '\000' "$DIR/.part"
	{
		printf '\xAA\x50\x01\x02\x00\x90\x00\x00\x00\x60\x00\x00'
		printf 'nvs\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
		printf '\xAA\x50\x00\x00\x00\x00\x01\x00\x00\x00\x10\x00'
		printf 'factory\0\0\0\0\0\0\0\0\0\0\0\0\0'
	} >"$DIR/.part"
	seed '\001' "$DIR/.part"
	rm -f "$DIR/.part"
}

# espat_seed PROJECT AT_CUSTOMIZE
espat_seed() {
	local parts=components/customized_partitions
	seed '' "$1/sdkconfig" \
		"$1/$parts/at_customized_config_dependency.txt" \
		"$1/build/module_info.json" \
		"$1/$parts/raw_data/factory_param/factory_param_type.csv" \
		"$1/$parts/raw_data/factory_param/factory_param_data.csv" \
		"$1/$parts/raw_data/ble_data/gatts_data.csv" "$2"
}

espat_seeds() {
	local dir=samples/esp-at
	espat_seed $dir $dir/module_config/module_mini-1/at_customize.csv
	for dir in test/golden-at/*/in; do
		espat_seed "$dir" "$dir/at_customize.csv"
	done
	text '' 'CONFIG_A=y
CONFIG_AT_EAP_LEGACY_NAMESPACE_SUPPORT=y
' '# features
A=y server_ca
A=y client_key
A=y wpa_ent_ca
A=y factory_param
A=y ble_data
A=y fs_storage
A=y empty
B=y other
' '{"platform": "PLATFORM_ESP32C3", "module": "MINI-1"}' 'description,n,u8,1
x,u16,0
tx_max_power,i8,-1
name,string,0
' 'platform,module,description,version,tx_max_power,uart
PLATFORM_ESP32C3,MINI-1,"a, ""b""",1,78,-1
' 'index,uuid_len,uuid,perm,val_max_len,val_cur_len,value
0,16,0x2800,0x01,2,2,A002
1,16,0x2803,0x01,1,1,2
' '# Name, Type, SubType, Offset, Size
mfg_nvs, data, nvs, 0x1f000, 0x1f000
fs_storage, data, fat, 0x3e000, 112K
'
}

homekit_seeds() {
	local file
	for file in samples/accessory_own.csv test/golden-homekit/*/in/*.csv \
		$(small_csvs -path '*/nvs-*/in/*.csv'); do
		seed '\000' "$file"
	done
	seed '\001\000' samples/accessories.csv
	text '\000' 'key,type,encoding,value
hap_setup,namespace,,
own,data,u8,1
'
	text '\001\001' 'setup_code,setup_id,salt,name
11122333,ES32,000102030405060708090a0b0c0d0e0f,"a,b"
44455666,ES33,,c
'
	text '\001\001' 'setup_code,name,setup_id
11122333,"x,1",AB12
99999999,,ES
'
	text '\002\001\01011122333ES32' 'lighting'
	text '\002\003\01246637726ZZ990123456789abcdef' '17'
	text '\002\000\01611122333ES32' 'garage-door'
}

manifest_seeds() {
	local sum=0123456789abcdef0123456789abcdef s
	sum=$sum$sum
	text '\000' \
		"id,row,bin,bin_sha256,csv,csv_sha256,keys,keys_sha256,offset
a,1,bin/p-a.bin,$sum,csv/p-a.csv,$sum,keys/keys-p-a.bin,$sum,0x9000
\"b,c\",2,\"bin/p-b,c.bin\",$sum,\"csv/p-b,c.csv\",$sum,,,0x9000
"
	text '\001' '# one a line
AQ7-24-0001

AQ7-24-0002
'
	for s in test/golden/*/in/*key*.bin; do
		[ -f "$s" ] || continue
		head -c 64 "$s" >"$DIR/.part"
		seed '\002' "$DIR/.part"
		seed '\006' "$DIR/.part"
	done
	rm -f "$DIR/.part"
	for s in 0 -1 +7 0x1F ' 12 ' 18446744073709551615 -9223372036854775808 \
		00ff 'AAEC/w==' 'QUJD' 1.5M '112 K' 1e3 24K 0x6000 -2M 0b1_0; do
		text '\003' "$s"
	done
}

case $target in
espat) espat_seeds ;;
homekit) homekit_seeds ;;
manifest) manifest_seeds ;;
csv) csv_seeds ;;
join) batches '\004\002' '\003\001' ;;
input) input_seeds ;;
image | tool) image_seeds ;;
parttable) parttable_seeds ;;
generate) batches '\000\000\002' '\017\002\001' '\100\004\003' ;;
*)
	echo "fuzz-seeds.sh: there is no target '$target'" >&2
	exit 1
	;;
esac

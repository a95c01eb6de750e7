#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# mfg_nvs as its users meet it: sizes, tables, lists, and what is refused.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_nvs

CASES=$ROOT/test/golden-at
RAW=components/customized_partitions/raw_data

fresh() {
	find "$T" -mindepth 1 -delete
	cp -r "$CASES/c3-full/in" project
}

fresh
cd project || exit 1
try mfg_nvs --partition_name mfg_nvs --partition_size 124K --outdir a/b \
	--project_path .
succeeds 'a directory that is missing is made'
same 'the image' a/b/mfg_nvs.bin "$CASES/c3-full/expect/mfg_nvs.bin"
same 'the CSV' a/b/mfg_nvs.csv "$CASES/c3-full/expect/mfg_nvs.csv"
is 'nothing else' "$(files a)" 'b/mfg_nvs.bin b/mfg_nvs.csv'

try mfg_nvs --outdir c --at_customize at_customize.csv \
	--flash_list c/list.txt
succeeds 'the size from at_customize.csv'
same 'its image' c/mfg_nvs.bin a/b/mfg_nvs.bin
prints 'where to flash it' '0x1f000 c/mfg_nvs.bin'
is 'the list' "$(tr '\r' '$' <c/list.txt)" \
	$'0x1f000 c/mfg_nvs.bin 124K$\n0x47000 c/fs_storage.bin 100K$'

mkdir -p module_config/module_mini-1
cp at_customize.csv module_config/module_mini-1/
try mfg_nvs --partition_name '' --partition_size '' --outdir d
succeeds 'the size from the table of the module'
same 'its image, too' d/mfg_nvs.bin a/b/mfg_nvs.bin

cd "$T" || exit 1
try mfg_nvs --project_path project --outdir out --partition_size 0x1F000
succeeds 'a project elsewhere'
ok 'paths begin with it' grep -qF ",file,binary,project/$RAW/" out/mfg_nvs.csv
mv project 'a, b'
try mfg_nvs --project_path 'a, b' --outdir out --partition_size '124 kb'
succeeds 'a comma and a blank in the path'
same 'the same image' out/mfg_nvs.bin "$CASES/c3-full/expect/mfg_nvs.bin"

# ---- refused: nothing is left behind ----

# bad NAME TEXT... -- SIZE: with the project as it is now
bad() {
	local -a texts rest
	split_args "$@"
	refuses "${texts[0]}" 1 "${texts[@]:1}" -- mfg_nvs --project_path \
		project --outdir out --partition_size "${rest[0]}"
}

fresh
for size in K abc 112KiB '1 2K' -1; do
	bad "the size '$size'" "'$size'" -- "$size"
done
bad 'a size that is not a multiple' 4096 -- 100
bad 'a size that is too small' 0x2000 -- 8K
refuses 'no size at all' 1 \
	project/module_config/module_esp32c3_default/at_customize.csv -- \
	mfg_nvs --project_path project --outdir out
refuses 'a size that the table contradicts' 1 124K 128K -- mfg_nvs \
	--project_path project --outdir out --partition_size 128K \
	--at_customize project/at_customize.csv
refuses 'a name with a slash' 2 a/b -- mfg_nvs --project_path project \
	--outdir out --partition_size 124K --partition_name a/b
refuses 'no project' 1 none/sdkconfig -- mfg_nvs --project_path none \
	--outdir out --partition_size 124K
refuses 'a partition that the table lacks' 1 "'other'" \
	'mfg_nvs, fs_storage' -- mfg_nvs --project_path project --outdir out \
	--partition_name other --at_customize project/at_customize.csv
refuses 'an argument' 2 extra -- mfg_nvs extra

rm project/$RAW/client_ca/*
bad 'a PKI directory with nothing in it' \
	at_customized_config_dependency.txt:8 client_ca 'is empty' -- 124K

fresh
sed -i 's/PLATFORM_ESP32C3,MINI-1/PLATFORM_ESP32C3,MINI-9/' \
	project/$RAW/factory_param/factory_param_data.csv
bad 'no row for the module' factory_param_data.csv MINI-1 \
	PLATFORM_ESP32C3/MINI-9 -- 124K

fresh
sed -i 's/921600/99999999999/' \
	project/$RAW/factory_param/factory_param_data.csv
bad 'a value that does not fit' uart_baudrate 99999999999 i32 -- 124K

fresh
echo '{"platform": "PLATFORM_ESP32C3"}' >project/build/module_info.json
bad 'no module' build/module_info.json "'module'" -- 124K

fresh
rm project/$RAW/ble_data/gatts_data.csv
touch project/$RAW/ble_data/.keep
bad 'no BLE services' gatts_data.csv -- 124K

# ---- outputs in the place of what is needed ----

fresh
for list in out/mfg_nvs.bin out/mfg_nvs.csv project/sdkconfig out \
	project/build/module_info.json project/at_customize.csv \
	"project/$RAW/client_ca/client_ca_00.crt"; do
	refuses "the list in the place of $list" 1 'would take the place of' \
		-- mfg_nvs --project_path project --outdir out \
		--at_customize project/at_customize.csv --flash_list "$list"
done
mkfifo fifo
for list in fifo project /dev/full /dev/stdout; do
	[ -e "$list" ] || continue
	refuses "the list in the place of $list" 1 "cannot write '$list'" \
		-- mfg_nvs --project_path project --outdir out \
		--at_customize project/at_customize.csv --flash_list "$list"
done
refuses 'the CSV in the place of an input' 1 'would take the place of' -- \
	mfg_nvs --project_path project --partition_size 124K \
	--partition_name factory_param_data \
	--outdir "project/$RAW/factory_param"

finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh - make the sample batch below $BUILD/demo and show what came out.
# "make demo" builds first and calls this. Everything it writes, and all it
# removes, is in $BUILD/demo, where it works on a copy of samples/.

set -eu
cd "$(dirname "$0")/.."
case ${BUILD:=build} in
/*) ;;
*) BUILD=$PWD/$BUILD ;;
esac
demo=$BUILD/demo

if [ ! -x "$BUILD/mfg_gen" ]; then
	echo "demo.sh: $BUILD/mfg_gen is not there; run: make demo" >&2
	exit 1
fi
rm -rf "$demo"
mkdir -p "$demo"
cp -R samples "$demo"
cd "$demo"
PATH=$BUILD:$PATH

title() {
	printf '\n== %s\n' "$*"
}

# Show a command as one would type it, and run it.
run() {
	printf '\n$ %s\n' "$*"
	"$@"
}

title "Two CSV files describe the batch: what a device has ..."
run cat samples/sample_config.csv
title "... and one row per device (columns shortened here)"
printf '\n$ %s\n' "cut -d, -f1-8 samples/sample_values_singlepage_blob.csv"
cut -d, -f1-8 samples/sample_values_singlepage_blob.csv

title "One command makes a CSV and an image per device"
run mfg_gen generate samples/sample_config.csv \
	samples/sample_values_singlepage_blob.csv Sample 0x3000 \
	--outdir plain
run ls -l plain/csv plain/bin
title "What the first device gets, line by line"
run head -n 9 plain/csv/Sample-1.csv
title "The same in the image: page header, bitmap, the first entries"
printf '\n$ %s\n' "od -A x -t x1z -N 192 plain/bin/Sample-1.bin"
od -A x -t x1z -N 192 plain/bin/Sample-1.bin
if [ -x "$BUILD/nvs_tool" ]; then
	title "Read back by the tool that QA uses"
	run nvs_tool -d minimal plain/bin/Sample-1.bin
fi

title "Encrypted, with a key of its own for each device"
run mfg_gen generate samples/sample_config.csv \
	samples/sample_values_singlepage_blob.csv Sample 0x3000 \
	--fileid serial_no --keygen --outdir encrypted
run ls -l encrypted/bin encrypted/keys
title "The first entry is not readable any more"
printf '\n$ %s\n' \
	"od -A x -t x1z -j 64 -N 64 encrypted/bin/Sample-AQ7-24-0001.bin"
od -A x -t x1z -j 64 -N 64 encrypted/bin/Sample-AQ7-24-0001.bin

title "A blob larger than a page: 10,240 bytes of calibration per device"
run mfg_gen generate samples/sample_config.csv \
	samples/sample_values_multipage_blob.csv Sample 0x5000 \
	--outdir multipage
run ls -l multipage/bin

title "HomeKit: setup codes drawn, images and labels made"
run factory_nvs_gen batch --count 5 --category lighting --qr --outdir homekit L7
run ls homekit/labels
title "Which accessory has which code (columns shortened here)"
printf '\n$ %s\n' "cut -d, -f1-5 homekit/setup-L7.csv"
cut -d, -f1-5 homekit/setup-L7.csv

title "One accessory, in a partition of a partition table"
run factory_nvs_gen 11122333 ES32 fan --size fctry \
	--partition-table samples/partitions.csv
run nvs_partition_gen generate fan.csv again.bin fctry \
	--partition-table samples/partitions.csv
run cmp fan.bin again.bin

title "ESP-AT: the partition mfg_nvs of a project"
run mfg_nvs --project_path samples/esp-at --outdir esp-at
run ls -l esp-at

title "A wrong value in the third row: nothing is written"
sed '4s/,0,0,-9007/,40000,0,-9007/' \
	samples/sample_values_singlepage_blob.csv >values.csv
printf '\n$ %s\n' "mfg_gen generate samples/sample_config.csv values.csv Sample 0x3000 --outdir wrong"
if mfg_gen generate samples/sample_config.csv values.csv Sample 0x3000 \
	--outdir wrong; then
	echo "demo.sh: a wrong value was accepted" >&2
	exit 1
fi
if [ -e wrong ]; then
	echo "demo.sh: a refused batch left files behind" >&2
	exit 1
fi

printf '\nAll of it is in %s\n' "$demo"

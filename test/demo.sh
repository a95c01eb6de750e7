#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# "make demo" without the build: it succeeds, shows what it made, and touches
# nothing but its own directory.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen factory_nvs_gen mfg_nvs

mkdir build
for tool in "$BUILD"/*; do
	[ -f "$tool" ] && [ -x "$tool" ] && ln -s "$tool" build
done
before=$(fingerprint "$ROOT/samples")

demo() {
	BUILD=$T/build try "$ROOT/tools/demo.sh"
}

demo
succeeds "the demo succeeds"
prints "it shows commands, trees, a CSV and an image" \
	"\$ mfg_gen generate samples/sample_config.csv" Sample-5.bin \
	"serial_no,data,string,AQ7-24-0001" "fe ff ff ff" \
	keys-Sample-AQ7-24-0005.bin temp_offset
is "it makes three batches" \
	"$(find build/demo -name 'Sample-*.bin' -path '*/bin/*' | wc -l)" 15
is "and a batch of accessories with their labels" \
	"$(find build/demo/homekit -name 'L7-*.bin' -o -name 'L7-*.png' |
		wc -l)" 10
ok "the image in a partition is sound" peek build/demo/fan.bin
ok "so is that of the ESP-AT project" peek build/demo/esp-at/mfg_nvs.bin
ok "its images are sound" peek build/demo/plain/bin/Sample-3.bin
ok "so are the encrypted ones" peek \
	build/demo/encrypted/bin/Sample-AQ7-24-0002.bin \
	build/demo/encrypted/keys/keys-Sample-AQ7-24-0002.bin
touch build/demo/leftover build/keep
demo
succeeds "it succeeds a second time"
is "it clears its own directory only" \
	"$(find build -name leftover -o -name keep)" build/keep
is "it leaves samples/ as it was" "$(fingerprint "$ROOT/samples")" "$before"
rm build/mfg_gen
demo
refused "it says what to do when nothing was built" 1 "make demo"
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every recorded image of test/golden: nvs_tool finds nothing wrong with it,
# writes it back as a CSV, and from that CSV nvs_partition_gen makes the same
# image (of an encrypted one: an image with the same items).
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools nvs_tool nvs_partition_gen

# The option that decrypts an image, into $key: empty for a plain one. The key
# is one of the files of its case.
find_key() {
	local file option
	key=()
	! nvs_tool check "$1" 2>&1 | grep -q 'seems\|encrypted' && return 0
	while IFS= read -r -d '' file; do
		option=--keys
		[ "$(stat -c %s "$file")" -ne 32 ] || option=--hmac-key
		nvs_tool -d none "$option" "$file" "$1" >/dev/null 2>&1 ||
			continue
		key=("$option" "$file")
		return 0
	done < <(find "$2" -type f \( -size 64c -o -size 4096c -o \
		-size 32c \) -print0)
	return 1
}

round_trip() {
	local image=$1 case=$2 name=$3 version=2
	if ! find_key "$image" "$case"; then
		fail "$name" "no key of the case fits"
		return
	fi
	rm -rf strings again.bin
	try nvs_tool check --strict "${key[@]}" "$image"
	[ "$status" -eq 0 ] || { fail "$name: check" "$(last_run)"; return; }
	try nvs_tool --csv --csv-files strings "${key[@]}" "$image"
	[ "$status" -eq 0 ] || { fail "$name: --csv" "$(last_run)"; return; }
	cp "$OUT" again.csv
	! has "$ERR" "--version 1" || version=1
	try nvs_partition_gen generate --version $version again.csv again.bin \
		"$(stat -c %s "$image")"
	[ "$status" -eq 0 ] || { fail "$name: generate" "$(last_run)"; return; }
	if [ ${#key[@]} -eq 0 ]; then
		same "$name" again.bin "$image"
	else
		try nvs_tool diff "${key[@]}" "$image" again.bin
		succeeds "$name (encrypted)"
	fi
}

while IFS= read -r -d '' image; do
	name=${image#"$ROOT"/test/golden/}
	# Files of keys have the same extension.
	[ $(($(stat -c %s "$image") % 4096)) -eq 0 ] || continue
	[[ $name != */keys* ]] || continue
	round_trip "$image" "$ROOT/test/golden/${name%%/*}" "$name"
done < <(find "$ROOT"/test/golden -path '*/expect/*' -name '*.bin' -type f \
	-print0 | sort -z)
[ "$checks" -gt 100 ] || fail "images found" "only $checks"

finish

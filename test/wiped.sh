#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys, setup codes and values are gone from memory when it is given back,
# and when the program ends. test/preload/wiped.c looks at every block that is
# freed or moved, and at heap, stacks and data in the end.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen factory_nvs_gen mfg_nvs
WIPED_SO=$BUILD/test/preload/wiped.so
if [ -n "${SAN:-}" ]; then
	printf '# skipped: sanitizers have an allocator of their own\n1..0\n'
	exit 0
fi

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# secret NAME: standard input is one
secret() {
	printf '%s %s\n' "$1" "$(hex)" >>secrets
}

# left COMMAND...: what is found of them: names, sorted, on one line
left() {
	rm -f log
	# Looking a function up at its first call saves registers on the stack,
	# and what they held.
	try env LD_BIND_NOW=1 WIPED_SECRETS="$T/secrets" WIPED_LOG="$T/log" \
		LD_PRELOAD="$WIPED_SO" "$@"
	[ ! -f log ] || cut -d' ' -f1 log | sort -u | paste -sd ' ' -
}

# all_wiped NAME STATUS COMMAND...: nothing but the known text is left, and
# that is found, so that the search works
all_wiped() {
	local name=$1 wanted=$2 found
	shift 2
	left "$@" >found
	found=$(cat found)
	# "try" ran in this shell, so that its status is the command's.
	if [ "$status" -eq "$wanted" ] && [ "$found" = known ]; then
		pass "$name"
	else
		fail "$name" "found: $found" "$(sort log 2>/dev/null |
			uniq -c | head -n 20)" "$(last_run)"
	fi
}

PASSWORD=correct.horse.battery
LONG=$(printf 'staple%.0s' $(seq 500))
head -c 64 /dev/urandom >key.bin
head -c 32 /dev/urandom >hmac.bin
printf %s $PASSWORD | secret password
printf 'staplestaplestaple' | secret long
printf %s 31415926 | secret code
printf %s 314-15-926 | secret shown
head -c 32 key.bin | secret data_key
tail -c 32 key.bin | secret tweak_key
secret hmac_key <hmac.bin
# What is no secret, and shows that the search finds it.
printf 'known_text_in_the_config' | secret known

printf '%s\n' dev,namespace, pass,data,string,REPEAT long,data,string \
	key,data,hex2bin b64,data,base64 \
	known,data,known_text_in_the_config >broken.csv
printf '%s\n' dev,namespace, pass,data,string,REPEAT long,data,string \
	key,data,hex2bin b64,data,base64 >conf.csv
printf 'known_text_in_the_config,pass,long,key,b64\n%s\n%s\n' \
	"a,$PASSWORD,$LONG,$(hex <hmac.bin),$(base64 -w0 hmac.bin)" \
	"b,,$LONG,00,$(base64 -w0 <<<$PASSWORD)" >values.csv

generate() {
	all_wiped "$1" 0 mfg_gen generate conf.csv values.csv P 0x4000 \
		--fileid known_text_in_the_config "${@:2}"
}

generate "generate, a given key" --inputkey key.bin --outdir given
generate "generate, on one thread" --inputkey key.bin --outdir one --jobs 1
generate "generate, keys of an HMAC key" --keygen --key_protect_hmac \
	--kp_hmac_inputkey hmac.bin --outdir derived --manifest derived.csv
# The keys that were derived, and those that are drawn, are known afterwards.
head -c 32 derived/keys/keys-P-a.bin | secret derived_key
generate "generate, keys of an HMAC key, which are known" --keygen \
	--key_protect_hmac --kp_hmac_inputkey hmac.bin --outdir derived2
(ulimit -f 8 && trap '' XFSZ && mfg_gen generate conf.csv values.csv P 0x4000 \
	--fileid known_text_in_the_config --keygen --jobs 1 \
	--outdir stopped) >/dev/null 2>&1
head -c 32 stopped/.mfg_gen-P.partial/keys/keys-P-a.bin | secret drawn_key
generate "generate, resumed with a key that was drawn" --keygen --resume \
	--outdir stopped
is "that key is the one in use" "$(head -c 32 stopped/keys/keys-P-a.bin | hex)" \
	"$(sed -n 's/^drawn_key //p' secrets)"
all_wiped "generate, refused" 1 mfg_gen generate broken.csv values.csv P \
	0x4000 --inputkey key.bin --outdir refused
mkdir -p full/bin
touch full/bin/P-b.bin
all_wiped "generate, something in the way" 1 mfg_gen generate conf.csv \
	values.csv P 0x4000 --fileid known_text_in_the_config \
	--inputkey key.bin --outdir full

# The table is read in pieces, which are copied for its fingerprint.
{
	echo pass,known_text_in_the_config
	echo "$PASSWORD,0"
	for i in $(seq 20000); do echo "x,$i"; done
} >long.csv
printf '%s\n' dev,namespace, pass,data,string >one.csv
all_wiped "generate, a table of several pieces" 0 mfg_gen generate one.csv \
	long.csv P 0x4000 --check --fileid known_text_in_the_config

cp given/csv/P-a.csv in.csv
printf 'known,data,known_text_in_the_config,1\n' >>in.csv
all_wiped "nvs_partition_gen, refused" 1 nvs_partition_gen encrypt \
	--inputkey key.bin in.csv o.bin 0x4000
printf 'key,type,encoding,value\ndev,namespace,,\n' >in.csv
printf 'pass,data,string,%s\nlong,data,string,%s\n' $PASSWORD "$LONG" >>in.csv
printf 'x,file,string,./known_text_in_the_config\n' >>in.csv
echo x >known_text_in_the_config
all_wiped "nvs_partition_gen encrypt" 0 nvs_partition_gen encrypt \
	--inputkey key.bin in.csv o.bin 0x4000
left nvs_partition_gen decrypt o.bin key.bin d.bin >found
is "nvs_partition_gen decrypt" "$status $(cat found)" "0 "
left mfg_gen verify --outdir given --inputkey key.bin P >found
is "verify" "$status $(tr ' ' '\n' <found | grep -vx known)" "0 "
left mfg_gen verify --outdir derived P >found
is "verify, key files" "$status $(tr ' ' '\n' <found | grep -vx known)" "0 "

printf 'setup_code,setup_id,salt,known_text_in_the_config\n%s\n' \
	"31415926,ES32,$(printf %032d 7),x" >accessories.csv
all_wiped "HomeKit, a batch" 0 factory_nvs_gen batch --outdir home --qr \
	--values accessories.csv --fileid known_text_in_the_config \
	--encrypt true --keyfile key.bin H
left factory_nvs_gen 31415926 ES32 one --encrypt true --keyfile key.bin >found
is "HomeKit, one: only the command line has the code" \
	"$status $(cat found) $(cut -d' ' -f2- log | sort -u)" \
	"0 code exit [stack]"

mkdir at
cp -r "$ROOT/samples/esp-at" at/known_text_in_the_config
raw=at/known_text_in_the_config/components/customized_partitions/raw_data
sed -i "s/,DE,/,$PASSWORD,/" $raw/factory_param/factory_param_data.csv
sed -i "s/,A002$/,$LONG/" $raw/ble_data/gatts_data.csv
all_wiped "ESP-AT, parameters and services" 0 mfg_nvs --outdir at \
	--project_path at/known_text_in_the_config
ok "they are in the CSV" grep -q "$PASSWORD" at/mfg_nvs.csv

# ---- No core dump either ----

mkfifo slow
(exec 3<>slow && sleep 5) & # so that reading waits
mfg_gen generate conf.csv - P 0x4000 --outdir core <slow >/dev/null 2>&1 &
running=$!
for _ in $(seq 100); do
	limit=$(awk '/^Max core file size/ { print $5 }' /proc/$running/limits)
	[ "$limit" != 1 ] || break
	sleep 0.02
done
kill $running %1 2>/dev/null
wait 2>/dev/null
if [ "$(ulimit -H -c)" = 0 ]; then wanted=0; else wanted=1; fi
is "no core dump is written, to a file or to a program" "$limit" $wanted
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A key that several devices share, or that anyone could guess, is pointed
# out, once, on stderr; the exit status stays 0.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen factory_nvs_gen

printf 'dev,namespace,\nn,data,u8\n' >conf.csv
printf 'id,n\na,1\nb,2\nc,3\n' >values.csv
printf 'id,n\na,1\n' >one.csv
printf 'key,type,encoding,value\ndev,namespace,,\nn,data,u8,1\n' >in.csv
head -c 64 /dev/urandom >key.bin
head -c 32 /dev/urandom >hmac.bin

# bytes OCTAL COUNT: a byte again and again
bytes() {
	head -c "$2" /dev/zero | tr '\0' "\\$1"
}

warnings() {
	grep -c ': warning: ' "$ERR"
}

# warned NAME COUNT TEXT...: status 0, so many warnings, each TEXT in them
warned() {
	local name=$1 count=$2
	shift 2
	if [ "$status" -ne 0 ] || [ "$(warnings)" -ne "$count" ] || crashed; then
		fail "$name" "expected status 0 and $count warnings" \
			"$(last_run)"
	else
		says "$name" "$@"
	fi
}

make() {
	try mfg_gen generate conf.csv "$@" P 0x3000 --fileid id
}

SHARED='warning: this key encrypts all 3 devices: '

# ---- One key for a batch ----

make values.csv --inputkey key.bin --outdir given
warned "inputkey for three: one warning, with file, number and way out" 1 \
	"key.bin: $SHARED" '--keygen gives each a key of its own'
make values.csv --inputkey key.bin --outdir quiet --quiet
warned "inputkey, quiet: warnings are told as errors are" 1 "$SHARED"
make values.csv --inputkey key.bin --outdir check --check
warned "inputkey, check only: the same" 1 "$SHARED"
make values.csv --inputkey key.bin --outdir shard --shard 1/3
warned "inputkey, a shard of one device: the others have it too" 1 "$SHARED"
make one.csv --inputkey key.bin --outdir one
warned "inputkey for one device: no warning" 0
echo b >list
make values.csv --inputkey key.bin --outdir only --only list
warned "inputkey for one device of a list: no warning" 0
make values.csv --keygen --outdir drawn
warned "keygen: no warning" 0
make values.csv --outdir plain
warned "no encryption: no warning" 0

make values.csv --keygen --key_protect_hmac --kp_hmac_inputkey hmac.bin \
	--outdir derived
warned "one HMAC key for three" 1 \
	"hmac.bin: warning: the keys of all 3 devices derive from this" \
	'--kp_hmac_keygen'
make values.csv --keygen --key_protect_hmac --kp_hmac_keygen --outdir hmacs
warned "an HMAC key each: no warning" 0

make values.csv --inputkey key.bin --outdir given --resume
warned "resumed when all is made: one warning again" 1 "$SHARED"
mkdir -p stopped
(ulimit -f 4 && trap '' XFSZ && mfg_gen generate conf.csv values.csv P 0x3000 \
	--fileid id --inputkey key.bin --outdir stopped) >/dev/null 2>&1
ok "a run was stopped" test -d stopped/.mfg_gen-P.partial
make values.csv --inputkey key.bin --outdir stopped --resume
warned "a stopped batch that is resumed: the same" 1 "$SHARED"

try factory_nvs_gen batch --count 3 --encrypt true --keyfile key.bin \
	--outdir home H
warned "HomeKit, one key for three" 1 "key.bin: $SHARED"
try factory_nvs_gen batch --count 3 --encrypt true --keygen true \
	--outdir home2 H
warned "HomeKit, a key each: no warning" 0
# A bug: the key file was not known to be needed.
cp key.bin was.bin
try factory_nvs_gen batch --count 3 --encrypt true --keyfile key.bin \
	--outdir home3 --manifest key.bin --overwrite H
refused "HomeKit: the manifest can't take the place of the key" 1 "key.bin"
same "HomeKit: the key is as it was" key.bin was.bin

# ---- Keys that are none ----

WEAK='warning: the key follows a pattern'
{ bytes 021 32 && bytes 042 32; } >equal.bin
{ cat hmac.bin && bytes 0 32; } >half.bin
{ cat hmac.bin && for _ in 1 2 3 4; do head -c 8 key.bin; done; } >repeated.bin
{ cat hmac.bin && printf %b "$(printf "\\\\x%x" $(seq 32))"; } \
	>counting.bin
for key in equal half repeated counting; do
	make one.csv --inputkey $key.bin --outdir weak-$key
	warned "a weak key: $key" 1 "$key.bin: $WEAK" 'generate-key'
done
try nvs_partition_gen encrypt --inputkey equal.bin in.csv out.bin 0x3000
warned "nvs_partition_gen: such a key" 1 "equal.bin: $WEAK"
try nvs_partition_gen encrypt --inputkey key.bin in.csv out.bin 0x3000
warned "nvs_partition_gen: a random key" 0
bytes 0 32 >zero.bin
make one.csv --keygen --key_protect_hmac --kp_hmac_inputkey zero.bin \
	--outdir weak-hmac
warned "an HMAC key of zeros" 1 "zero.bin: $WEAK"
try nvs_partition_gen encrypt --keygen --key_protect_hmac \
	--kp_hmac_inputkey zero.bin in.csv out2.bin 0x3000
warned "nvs_partition_gen: an HMAC key of zeros" 1 "zero.bin: $WEAK"
# 32 bytes as hex have the length of a bare key, but hardly are the one meant.
hex=00112233445566778899aabbccddeeff
HEX='warning: the key is text, all of it hex digits'
printf %s $hex >hex32.bin
printf %s $hex fEDCBA98765432100123456789abcdef >hex64.bin
make one.csv --inputkey hex64.bin --outdir hex
warned "a key that is text in hex" 1 "hex64.bin: $HEX" 'xxd -r -p'
make one.csv --keygen --key_protect_hmac --kp_hmac_inputkey hex32.bin \
	--outdir hex-hmac
warned "an HMAC key that is text in hex" 1 "hex32.bin: $HEX"
cat hmac.bin hmac.bin >halves.bin
make one.csv --inputkey halves.bin --outdir halves
refused "two equal halves are no key for AES-XTS" 1 "halves.bin" "equal"

# ---- What verify finds ----

verify() {
	try mfg_gen verify --outdir "$@"
}

verify drawn P
warned "verify: a key each, no warning" 0
verify derived P
warned "verify: derived from one HMAC key" 1 \
	"derived/keys/keys-P-a.bin: warning: holds the same key as \
'derived/keys/keys-P-b.bin' (of 3 key files, 3 hold"
try mfg_gen generate conf.csv one.csv Q 0x3000 --fileid id --keygen \
	--outdir drawn
cp drawn/keys/keys-P-c.bin drawn/keys/keys-Q-a.bin
verify drawn P
warned "verify, only a prefix: no other batch is looked at" 0
verify drawn --inputkey key.bin
refused "verify: a copied key fits no image, and is told" 1 \
	"drawn/bin/Q-a.bin: error: " "drawn/keys/keys-P-c.bin: warning: "
cp drawn/bin/P-c.bin drawn/bin/Q-a.bin
cp drawn/csv/P-c.csv drawn/csv/Q-a.csv
verify drawn
warned "verify: the key of another batch" 1 \
	"drawn/keys/keys-P-c.bin: warning: holds the same key as \
'drawn/keys/keys-Q-a.bin' (of 4 key files, 2 hold"
cp hmacs/keys/hmac-keys-P-a.bin hmacs/keys/copy.bin
verify hmacs
warned "verify: a copied HMAC key" 1 "copy.bin" "hmac-keys-P-a.bin"
verify given --inputkey key.bin P
warned "verify: no key files, no warning" 0
verify given --inputkey equal.bin P
refused "verify: a key that does not fit, and is none" 1 "$WEAK"
finish

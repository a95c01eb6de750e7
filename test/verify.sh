#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# mfg_gen verify as QA meets it: its command line, what it prints and how it
# ends, on trees of every scheme. What it can find is in test_verify*.c.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen

# tree_of ARGUMENT...: out/ made anew from conf.csv and values.csv
tree_of() {
	rm -rf out out.csv
	try mfg_gen generate conf.csv values.csv P "${SIZE:-0x4000}" \
		--outdir out --quiet "$@"
	[ "$status" -eq 0 ] || fail "a tree to verify" "$(last_run)"
}

# Warnings of shared keys are key_warnings.sh's.
verify() {
	try mfg_gen verify --outdir out "$@"
	sed -i '/: warning: holds the same key as /d' "$ERR"
}

# right NAME [COUNT]: the last verify found all images right
right() {
	is "$1" "$status|$(cat "$OUT")|$(cat "$ERR")" \
		"0|${2:-4} images verified, 0 wrong|"
}

# wrong NAME IMAGES LINE...: exactly these lines on stderr begin so, each with
# "out/" in front, and the last line on stdout counts them
wrong() {
	local name=$1 images=$2 lines n=0
	shift 2
	mapfile -t lines <"$ERR"
	if [ "$status" -ne 1 ] || [ ${#lines[@]} -ne $# ] || crashed ||
		[ "$(tail -n 1 "$OUT")" != "$images images verified, $# wrong" ]
	then
		fail "$name" "expected $# lines and exit status 1" "$(last_run)"
		return
	fi
	for line; do
		[[ ${lines[n]} == "out/$line"* ]] && n=$((n + 1)) && continue
		fail "$name" "expected: out/$line..." "$(last_run)"
		return
	done
	pass "$name"
}

# flip FILE OFFSET: one bit of that byte
flip() {
	local byte
	byte=$(od -An -t u1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the octal number is the format
	printf "\\$(printf %o $((byte ^ 4)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Every encoding, a REPEAT value, files, and Wi-Fi settings with their
# companions.
printf '%s\n' dev,namespace, serial,data,string u8,data,u8 i16,data,i16 \
	model,data,string,REPEAT hex,data,hex2bin b64,data,base64 \
	bin,data,binary cert,file,string,REPEAT curve,file,binary \
	nvs.net80211,namespace, sta.ssid,data,string ap.ssid,data,string \
	ap.passwd,data,string ap.authmode,data,u8 >conf.csv
{
	echo serial,u8,i16,model,hex,b64,bin,cert,curve,sta.ssid,ap.ssid,ap.passwd,ap.authmode
	echo 'SN-1,1,-1,"M 1, ""x""",01,QUE=,a,ca.pem,c1.bin,home,dev1,password1,3'
	echo 'SN-2,2,-2,,02,QUI=,b,,c2.bin,home,dev2,password2,3'
	echo 'SN-3,3,-3,,03,QUM=,c,,c1.bin,home,dev3,password3,3'
	echo 'SN-4,4,-4,,04,QUQ=,d,,c2.bin,home,dev4,password4,3'
} >values.csv
printf -- '-----BEGIN-----\nline, two\n' >ca.pem
repeat 300 1 >c1.bin
repeat 4500 2 >c2.bin
repeat 64 k | tr k '\001' >same.bin
head -c 64 /dev/urandom >key.bin
repeat 32 h >hmac.bin

# ---- right trees of each scheme ----

tree_of
verify
right "plain: all right"
ok "plain: the companions of Wi-Fi settings are in the image" grep -q \
	'nvs.net80211 ap.pmk_info blob' <(peek out/bin/P-1.bin)
for scheme in --keygen '--keygen --key_protect_hmac --kp_hmac_keygen' \
	'--keygen --key_protect_hmac --kp_hmac_inputkey hmac.bin'; do
	# shellcheck disable=SC2086 # a list of words
	tree_of $scheme --manifest out.csv --sha256sums
	verify
	right "$scheme: all right"
	verify --manifest out.csv
	right "$scheme: and by its manifest"
	rm out/keys/keys-P-3.bin
	verify
	wrong "$scheme: a key file is gone" 4 'bin/P-3.bin: error: dev:serial: '
done
tree_of --inputkey key.bin
verify --inputkey key.bin
right "--inputkey: all right"
verify
wrong "--inputkey: without it nothing can be read" 4 \
	'bin/P-1.bin: error: dev:serial: ' 'bin/P-2.bin: error: dev:serial: ' \
	'bin/P-3.bin: error: dev:serial: ' 'bin/P-4.bin: error: dev:serial: '
says "--inputkey: and says what is missing" "its key is needed"
for options in '' --keygen; do
	for size in 0x1000 0x2000; do
		cp c1.bin c2.bin
		# shellcheck disable=SC2086 # none or one word
		SIZE=$size tree_of $options --version 1
		verify
		right "version 1, $size, read only $options: all right"
		# shellcheck disable=SC2086
		SIZE=$size tree_of $options
		verify
		right "version 2, $size, read only $options: all right"
	done
done
repeat 4500 2 >c2.bin
tree_of --fileid serial --prefix_num 9 3
verify
right "names of --fileid and --prefix_num: all right"
verify P
right "with their prefix: all right"
try mfg_gen verify --outdir "$T/out" P
right "an absolute --outdir: all right"
cd out || exit 1
try mfg_gen verify
refused "files of a CSV are found from where it was made only" 1 ca.pem
cd "$T" || exit 1
mkdir elsewhere
cp -r conf.csv values.csv ca.pem c1.bin c2.bin out elsewhere
cd elsewhere || exit 1
mv out/* .
for outdir in '' . ./; do
	try mfg_gen verify --outdir "$outdir"
	right "--outdir '$outdir' is the working directory"
done
try mfg_gen verify
right "and so is none"
cd "$T" || exit 1
rm -r elsewhere

# ---- a line per wrong image ----

tree_of --keygen --manifest out.csv
cp -r out sound
again() {
	rm -rf out
	cp -r sound out
}
flip out/bin/P-2.bin $((64 + 32 * 3 + 5))
verify
wrong "a flipped bit" 4 'bin/P-2.bin: error: dev:'
again
flip out/bin/P-2.bin $((4096 + 64 + 32 * 3 + 5))
verify
wrong "a flipped bit in the second page" 4 'bin/P-2.bin: error: dev:curve: '
again
for kind in bin/ keys/keys-; do
	mv out/${kind}P-1.bin x
	mv out/${kind}P-2.bin out/${kind}P-1.bin
	mv x out/${kind}P-2.bin
	verify
	if [ $kind = bin/ ]; then
		wrong "a swapped pair" 4 'bin/P-1.bin: error: dev:serial: ' \
			'bin/P-2.bin: error: dev:serial: '
		says "its keys do not fit" 'keys-P-1.bin does not fit' \
			'keys-P-2.bin does not fit'
	else
		wrong "a swapped pair with their keys" 4 \
			'bin/P-1.bin: error: dev:serial: ' \
			'bin/P-2.bin: error: dev:serial: '
	fi
done
again
for size in 0 100 4096 5000 8192 12288; do
	truncate -s "$size" out/bin/P-2.bin
	verify
	[ "$size" -ge 8192 ] || key=dev:
	wrong "cut to $size bytes" 4 "bin/P-2.bin: error: ${key:-}"
	cp sound/bin/P-2.bin out/bin
	key=
done
rm out/csv/P-4.csv
verify
wrong "a CSV is gone" 4 'bin/P-4.bin: error: dev:serial: '
says "and says which" out/csv/P-4.csv
again
sed -i 's/^u8,data,u8,3/u8,data,u8,33/' out/csv/P-3.csv
sed -i 's/password1/password9/' out/csv/P-1.csv
verify
wrong "edited cells" 4 'bin/P-1.bin: error: nvs.net80211:' \
	'bin/P-3.bin: error: dev:u8: 3 in the image, 33 in the CSV'
again
cp key.bin out/keys/keys-P-3.bin
verify
wrong "a foreign key file" 4 'bin/P-3.bin: error: dev:serial: '
says "and says so" 'out/keys/keys-P-3.bin does not fit'
again
rm out/bin/P-2.bin
touch out/bin/notes.txt out/csv/P-7.csv
verify
wrong "missing and surplus files" 3 'bin/notes.txt: ' 'csv/P-2.csv: ' \
	'csv/P-7.csv: ' 'keys/keys-P-2.bin: '
verify P
wrong "missing and surplus files, of a prefix" 3 'csv/P-2.csv: ' \
	'csv/P-7.csv: ' 'keys/keys-P-2.bin: '
again
repeat 300 3 >c1.bin
verify
wrong "a file that a CSV names has changed" 4 \
	'bin/P-1.bin: error: dev:curve: the blob differs' \
	'bin/P-3.bin: error: dev:curve: the blob differs'
rm c1.bin
verify
wrong "a file that a CSV names is gone" 4 'bin/P-1.bin: error: ' \
	'bin/P-3.bin: error: '
says "and says where it is named" out/csv/P-1.csv:11:19: dev:curve c1.bin
repeat 300 1 >c1.bin
if [ "$(id -u)" -ne 0 ]; then
	chmod 000 out/bin/P-1.bin
	verify
	wrong "an image that cannot be read" 4 'bin/P-1.bin: error: '
	again
else
	skip "an image that cannot be read" "root reads everything"
fi

# ---- prefixes ----

cp -r out/bin/P-1.bin out/bin/PP-1.bin
cp out/csv/P-1.csv out/csv/PP-1.csv
cp out/keys/keys-P-1.bin out/keys/keys-PP-1.bin
verify P
right "a prefix: P is not PP"
verify PP
right "a prefix: PP is not P" 1
verify
right "no prefix: all" 5
truncate -s 100 out/bin/PP-1.bin
verify P
right "a prefix: others do not matter"
refuses "a prefix without images" 1 "prefix 'Q'" out/bin -- \
	mfg_gen verify --outdir out Q
refuses "a prefix without images, with a manifest" 1 "prefix 'Q'" -- \
	mfg_gen verify --outdir out --manifest out.csv Q
refuses "no such directory" 1 absent/bin -- mfg_gen verify --outdir absent
mkdir -p empty/bin
refuses "no images" 1 empty/bin -- mfg_gen verify --outdir empty
again

# ---- the manifest ----

verify --manifest out.csv
right "the manifest: all right"
sed '3s/,[0-9a-f]\{5\}/,00000/' out.csv >m.csv
verify --manifest m.csv
wrong "the manifest: another sum" 4 'bin/P-2.bin: error: the image'
sed '/P-2/d' out.csv >m.csv
verify --manifest m.csv P
wrong "the manifest: an image it has not" 4 'bin/P-2.bin: error: '
rm out/bin/P-3.bin out/csv/P-3.csv out/keys/keys-P-3.bin
verify --manifest out.csv
wrong "the manifest: a device that is gone without a trace" 3 \
	'bin/P-3.bin: error: it is in the manifest, but missing'
again
refuses "the manifest: not there" 1 absent.csv -- \
	mfg_gen verify --outdir out --manifest absent.csv
refuses "the manifest: another table" 1 values.csv:1: manifest -- \
	mfg_gen verify --outdir out --manifest values.csv
sed '3s/,[0-9a-f]\{64\}/,/' out.csv >m.csv
refuses "the manifest: an empty sum" 1 m.csv:3:17: sha256 -- \
	mfg_gen verify --outdir out --manifest m.csv
sed 3p out.csv >m.csv
refuses "the manifest: an image twice" 1 m.csv:4: P-2 -- \
	mfg_gen verify --outdir out --manifest m.csv

# ---- samples ----

verify --sample 2
is "--sample: tells the seed, then the count" \
	"$status $(sed 's/seed [0-9]*$/seed N/' "$OUT" | paste -sd '|' -)" \
	"0 sample of 2, seed N|2 images verified, 0 wrong"
rm -rf many
echo x,data,u8 | cat <(echo a,namespace,) - >one.csv
{ echo x && seq 30; } >thirty.csv
try mfg_gen generate one.csv thirty.csv P 0x1000 --outdir many --quiet
echo id,row,bin,bin_sha256,csv,csv_sha256,keys,keys_sha256 >none.csv
# Against a manifest without rows every image that is looked at is wrong.
sample() {
	try mfg_gen verify --outdir many --manifest none.csv "$@"
}
sample --sample 5
seed=$(sed -n 's/^sample of 5, seed //p' "$OUT")
first=$(cat "$ERR")
is "--sample: so many were looked at" "$(wc -l <"$ERR") $(tail -n 1 "$OUT")" \
	"5 5 images verified, 5 wrong"
sample --sample 5 --seed "$seed"
is "--seed repeats a drawn sample" "$(cat "$ERR")" "$first"
sample --seed "$seed" --sample 5 --jobs 3
is "--seed repeats it with other threads" "$(cat "$ERR")" "$first"
seeds=
for _ in 1 2 3; do
	sample --sample 5
	seeds+=" $(sed -n 's/^sample of 5, seed //p' "$OUT")"
done
is "--sample: another seed each time" \
	"$(tr ' ' '\n' <<<"$seeds $seed" | sort -u | grep -c .)" 4
sample --sample 31
is "--sample of more than there are: all" \
	"$(tail -n 1 "$OUT" | cut -d, -f1)" "30 images verified"

# ---- the command line ----

try mfg_gen verify -h
is "help" "$status $(wc -c <"$ERR") $(grep -c '^usage: mfg_gen verify' "$OUT")" \
	"0 0 1"
prints "the help names every option" --outdir --inputkey --sample --seed \
	--manifest --jobs prefix
try mfg_gen -h
prints "the help of mfg_gen names verify" verify
verify --jobs 1
right "--jobs 1"
verify --jobs=7 --outd out -- P
right "options as elsewhere"
for value in 0 -1 x '' 1x 99999999999999999999; do
	refuses "--sample '$value'" 2 usage sample -- \
		mfg_gen verify --outdir out --sample "$value"
	refuses "--jobs '$value'" 2 usage jobs -- \
		mfg_gen verify --outdir out --jobs "$value"
done
for value in -1 x ''; do
	refuses "--seed '$value'" 2 usage seed -- \
		mfg_gen verify --outdir out --sample 1 --seed "$value"
done
refuses "--seed without --sample" 2 usage sample -- \
	mfg_gen verify --outdir out --seed 1
refuses "two prefixes" 2 usage Q -- mfg_gen verify --outdir out P Q
refuses "an unknown option" 2 usage --deep -- mfg_gen verify --deep
refuses "--inputkey of a wrong length" 1 hmac.bin -- \
	mfg_gen verify --outdir out --inputkey hmac.bin
refuses "--inputkey whose halves are equal" 1 same.bin -- \
	mfg_gen verify --outdir out --inputkey same.bin
refuses "--inputkey that is not there" 1 absent.bin -- \
	mfg_gen verify --outdir out --inputkey absent.bin
if [ -e /dev/full ]; then
	last_command='mfg_gen verify >/dev/full' status=0
	mfg_gen verify --outdir out >/dev/full 2>"$ERR" || status=$?
	refused "a full stdout is an error" 1 "standard output"
fi
before=$(fingerprint "$T")
verify --manifest out.csv
verify --sample 1
is "verify writes nothing" "$(fingerprint "$T")" "$before"

# ---- a key file with a name of its own is found through the manifest ----

mkdir named && cd named || exit 1
printf 'n,namespace,\nk,data,u8\n' >conf.csv
printf 'k\n7\n' >values.csv
try mfg_gen generate conf.csv values.csv P 0x3000 --keygen --keyfile my.bin \
	--manifest m.csv
try mfg_gen verify --manifest m.csv P
is "a named key file is found" "$status $(cat "$OUT" "$ERR")" \
	"0 1 images verified, 0 wrong"
cd "$T" || exit 1

# ---- a directory that can't be read to its end is not a small one ----

tree_of
for ((at = 1, ended = 0; at < 100 && ended < 1; at++)); do
	rm -f hit
	try env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		LD_PRELOAD="$BUILD/test/preload/failio.so" FAILIO_HIT="$T/hit" \
		FAILIO_CALL=readdir FAILIO_AT=$at FAILIO_ERRNO=5 \
		mfg_gen verify --outdir out
	if [ ! -e hit ]; then
		ended=1
		right "readdir is called $((at - 1)) times, and none is left to fail"
	else
		refused "what call $at of readdir hides is not passed over" 1 \
			"cannot read 'out/" Input/output
	fi
done

# ---- every recorded batch of test/golden ----

while IFS= read -r -d '' bin; do
	case=${bin#"$ROOT/test/golden/"}
	tree=${case#*/}
	case=${case%%/*}
	rm -rf case
	mkdir case
	cp -r "$ROOT/test/golden/$case"/{in,expect} case
	chmod -R u+w case
	cd case/in || exit 1
	options=()
	key=$(tr -d '\n ' <"$ROOT/test/golden/$case/cmd.json" |
		sed -n 's/.*"--inputkey","\([^"]*\)".*/\1/p')
	[ -z "$key" ] || options=(--inputkey "$key")
	try mfg_gen verify --outdir "../${tree%/bin}" "${options[@]}"
	is "$case: the recorded tree is right" \
		"$status $(sed 's/^[0-9]* //' "$OUT") $(grep -v ': warning: ' "$ERR")" \
		"0 images verified, 0 wrong "
	cd "$T" || exit 1
done < <(find "$ROOT"/test/golden/mfg-* -type d -name bin -print0 | sort -z)
finish

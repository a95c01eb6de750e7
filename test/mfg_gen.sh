#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# mfg_gen as its users meet it: the documented commands on the samples, the
# command line, what is printed, what is written and what is not.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen

mode() {
	stat -c %a "$1"
}

# ---- the documented commands, word by word, on the samples ----

SINGLE=samples/sample_values_singlepage_blob.csv
MULTI=samples/sample_values_multipage_blob.csv

with_samples() {
	fresh
	cp -r "$ROOT/samples" .
	rm -f samples/*_created.csv
}

# The value of a column ($2) of the n-th device ($1), repeated ones too.
sample() {
	awk -F, -v row=$(($1 + 1)) -v name="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
		NR == 2 { first = $c }
		NR == row { print $c == "" ? first : $c }' "${3:-$SINGLE}"
}

hex() {
	od -An -v -t x1 | tr -d ' \n'
}

# All that peek has to show of a sample device. A string of several lines is
# shown as such.
sample_items() {
	local n=$1 table=${2:-$SINGLE} key curve
	echo "0: device u8 1"
	for key in serial_no model; do
		echo "1:device $key string $(sample "$n" $key "$table")"
	done
	echo "1:device hw_rev u8 $(sample "$n" hw_rev "$table")"
	echo "1:device lot u16 $(sample "$n" lot "$table")"
	echo "1:device mac blob $(sample "$n" mac "$table")"
	echo "1:device label blob $(sample "$n" label "$table" |
		tr -d '\n' | hex)"
	echo "1:device made_at u32 $(sample "$n" made_at "$table")"
	echo "1:device chip_uid u64 $(sample "$n" chip_uid "$table")"
	echo "0: calibration u8 2"
	echo "2:calibration hum_offset i8 $(sample "$n" hum_offset "$table")"
	echo "2:calibration temp_offset i16 $(sample "$n" temp_offset "$table")"
	echo "2:calibration gain_ppm i32 $(sample "$n" gain_ppm "$table")"
	echo "2:calibration adc_zero_nv i64 $(sample "$n" adc_zero_nv "$table")"
	curve=$(sample "$n" curve "$table")
	if [ "$(stat -c %s "$curve")" -gt 256 ]; then
		echo "2:calibration curve blob of $(stat -c %s "$curve") bytes," \
			"CRC $(crc32 <"$curve")"
	else
		echo "2:calibration curve blob $(hex <"$curve")"
	fi
	echo "0: cloud u8 3"
	echo "3:cloud endpoint string $(sample "$n" endpoint "$table")"
	echo "3:cloud claim_token blob $(sample "$n" claim_token "$table" |
		base64 -d | hex)"
	# A certificate's last line end and peek's own make an empty line.
	echo "3:cloud ca_cert string $(cat "$(sample "$n" ca_cert "$table")")"
	echo
	echo "3:cloud dev_cert string $(cat "$(sample "$n" dev_cert "$table")")"
	echo
	echo "3:cloud dev_key blob $(base64 -d \
		"$(sample "$n" dev_key "$table")" | hex)"
	echo "3:cloud fw_digest blob $(cat "$(sample "$n" fw_digest "$table")")"
}

# five PATTERN...: with N = 1 to 5 in place of %, on one line, sorted
five() {
	local n pattern
	for pattern; do
		for n in 1 2 3 4 5; do echo "${pattern//%/$n}"; done
	done | LC_ALL=C sort | paste -sd ' ' -
}

with_samples
before=$(files samples)
try mfg_gen generate samples/sample_config.csv $SINGLE Sample 0x3000
succeeds "samples: generate"
is "samples: an image and a CSV per device, in the working directory" \
	"$(files bin) $(files csv)" "$(five Sample-%.bin) $(five Sample-%.csv)"
for n in 1 2 3 4 5; do
	is "samples: device $n has in its image what the tables say" \
		"$(peek bin/Sample-$n.bin 2>&1)" "$(sample_items $n)"
done
is "samples: the images have the size asked for" \
	"$(stat -c %s bin/* | sort -u)" 12288
is "samples: nothing appears beside the inputs but the expanded table" \
	"$(files samples)" "$(printf '%s\n' "$before" | tr ' ' '\n' |
		cat - <(echo sample_values_singlepage_blob_created.csv) |
		LC_ALL=C sort | paste -sd ' ' -)"
is "samples: the expanded table has the repeated values" \
	"$(sed -n 4p samples/*_created.csv | cut -d, -f3-5,14-15 | tr -d '\r')" \
	"Luftgüte AQ7,3,2417,samples/calibration/AQ7-24-0003-128.bin,\
mqtts://iot.example.com:8883"
is "samples: one line on stdout, nothing on stderr" \
	"$(wc -l <"$OUT") $(wc -c <"$ERR")" "1 0"
mv bin plain
rm -r csv

try mfg_gen generate samples/sample_config.csv $SINGLE Sample 0x3000 --keygen
succeeds "samples: --keygen"
is "samples: --keygen: a key file per device" "$(files keys)" \
	"$(five keys-Sample-%.bin)"
for n in 1 2 3 4 5; do
	ok "samples: --keygen: key $n is a sound key partition" \
		peek --key keys/keys-Sample-$n.bin
	is "samples: --keygen: key $n is for its owner only" \
		"$(mode keys/keys-Sample-$n.bin)" 600
	is "samples: --keygen: image $n decrypts with its key" \
		"$(peek bin/Sample-$n.bin keys/keys-Sample-$n.bin 2>&1)" \
		"$(sample_items $n)"
	not_ok "samples: --keygen: image $n is not readable without" \
		peek bin/Sample-$n.bin
done
is "samples: --keygen: all keys differ" \
	"$(sha256sum keys/* | cut -c1-64 | sort -u | wc -l)" 5
not_ok "samples: --keygen: image 1 does not decrypt with key 2" \
	peek bin/Sample-1.bin keys/keys-Sample-2.bin
rm -r bin csv keys

try mfg_gen generate-key --keyfile sample_keys.bin
succeeds "samples: generate-key"
is "samples: generate-key: writes that file alone" "$(files keys)" \
	sample_keys.bin
ok "samples: generate-key: a sound key partition" \
	peek --key keys/sample_keys.bin
is "samples: generate-key: for its owner only" "$(mode keys/sample_keys.bin)" 600
try mfg_gen generate samples/sample_config.csv $SINGLE Sample 0x3000 \
	--inputkey keys/sample_keys.bin
succeeds "samples: --inputkey"
is "samples: --inputkey: makes no further key" "$(files keys)" sample_keys.bin
for n in 1 2 3 4 5; do
	is "samples: --inputkey: image $n decrypts with it" \
		"$(peek bin/Sample-$n.bin keys/sample_keys.bin 2>&1)" \
		"$(sample_items $n)"
done
rm -r bin csv
head -c 64 keys/sample_keys.bin >bare.bin
try mfg_gen generate samples/sample_config.csv $SINGLE Sample 0x3000 \
	--inputkey bare.bin
is "samples: --inputkey: the bare 64 bytes are a key too" \
	"$(peek bin/Sample-1.bin keys/sample_keys.bin 2>&1)" "$(sample_items 1)"
rm -r bin csv
try mfg_gen generate samples/sample_config.csv $SINGLE Sample 0x3000 \
	--inputkey bare.bin --keyfile one/for-all.bin
succeeds "--keyfile beside --inputkey"
says "--keyfile beside --inputkey: is not used" warning --keyfile
is "--keyfile beside --inputkey: the image decrypts with the given key" \
	"$(peek bin/Sample-1.bin keys/sample_keys.bin 2>&1)" "$(sample_items 1)"
is "--keyfile beside --inputkey: no further key" "$(files keys)" sample_keys.bin
rm -r bin csv keys bare.bin

try mfg_gen generate samples/sample_config.csv $SINGLE Sample 0x3000 \
	--keygen --key_protect_hmac --kp_hmac_keygen
succeeds "samples: HMAC scheme"
is "samples: HMAC scheme: both keys of each device" "$(files keys)" \
	"$(five hmac-keys-Sample-%.bin keys-Sample-%.bin)"
is "samples: HMAC scheme: HMAC keys of 32 bytes, for their owner only" \
	"$(stat -c '%s %a' keys/hmac-* | sort -u)" "32 600"
is "samples: HMAC scheme: all keys differ" \
	"$(sha256sum keys/* | cut -c1-64 | sort -u | wc -l)" 10
for n in 1 2 3 4 5; do
	try mfg_gen generate-key --key_protect_hmac --keyfile d.bin \
		--kp_hmac_inputkey keys/hmac-keys-Sample-$n.bin --outdir derived
	same "samples: HMAC scheme: key $n derives from its HMAC key" \
		derived/keys/d.bin keys/keys-Sample-$n.bin
	rm -rf derived
	is "samples: HMAC scheme: image $n decrypts with it" \
		"$(peek bin/Sample-$n.bin keys/keys-Sample-$n.bin 2>&1)" \
		"$(sample_items $n)"
done
rm -r bin csv keys

try mfg_gen generate samples/sample_config.csv $MULTI Sample 0x5000
succeeds "samples: a blob larger than a page"
for n in 1 2 3 4 5; do
	is "samples: multipage device $n" "$(peek bin/Sample-$n.bin 2>&1)" \
		"$(sample_items $n $MULTI)"
done
is "samples: multipage: four pages and the reserve" \
	"$(peek --pages bin/Sample-1.bin | cut -d' ' -f1 | paste -sd ' ' -)" \
	"FULL FULL FULL ACTIVE EMPTY"
rm -r bin csv samples/*_created.csv
refuses "samples: multipage: 0x4000 is too small, 0x5000 is named" 1 \
	"$MULTI:2:" 0x4000 0x5000 -- \
	mfg_gen generate samples/sample_config.csv $MULTI Sample 0x4000
if [ "${SAN:-}" ]; then
	skip "samples under valgrind" "sanitizers are at work"
elif ! command -v valgrind >/dev/null; then
	skip "samples under valgrind" "valgrind is not installed"
else
	for options in '' --keygen '--keygen --key_protect_hmac --kp_hmac_keygen'; do
		# shellcheck disable=SC2086 # a list of words
		try valgrind -q --error-exitcode=98 --leak-check=full \
			mfg_gen generate samples/sample_config.csv $MULTI \
			Sample 0x5000 --outdir "v$options" $options
		succeeds "samples: no error or leak under valgrind $options"
	done
fi

# ---- the command line ----

for words in '' 'generate' 'generate-key'; do
	for option in -h --help --hel; do
		# shellcheck disable=SC2086 # none or one word
		try mfg_gen $words $option
		is "cli: mfg_gen $words $option" \
			"$status $(wc -c <"$ERR") $(grep -c '^usage: mfg_gen' "$OUT")" \
			"0 0 1"
	done
done
try mfg_gen generate -h
prints "cli: the help names every option" conf values prefix size \
	--prefix_num --fileid --version --keygen --keyfile --inputkey --outdir \
	--key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile --kp_hmac_inputkey
try mfg_gen generate-key -h
prints "cli: the help of generate-key too" --keyfile --outdir \
	--key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile --kp_hmac_inputkey

conf a,namespace, x,data,u8
vals id,x A,1 B,2
# A terminal's width, so that the message below it is not pushed away.
for command in generate generate-key verify; do
	try mfg_gen $command --help
	is "usage of $command: no line is wider than a terminal" \
		"$(grep -E '^(usage|      )' "$OUT" | awk 'length > 79')" ""
done
refuses "cli: too few positionals" 2 "usage: mfg_gen generate" size -- \
	mfg_gen generate conf.csv values.csv P
refuses "cli: too many positionals" 2 "usage: mfg_gen generate" more -- \
	mfg_gen generate conf.csv values.csv P 0x3000 more
refuses_mfg "cli: an unknown option" 2 usage --compress -- --compress
refuses_mfg "cli: an unknown letter" 2 usage -q -- -q
refuses_mfg "cli: an ambiguous abbreviation" 2 usage --key -- --key
refuses_mfg "cli: an ambiguous abbreviation of several words" 2 usage \
	--kp_hmac_key -- --kp_hmac_key x
refuses_mfg "cli: an option without its value" 2 usage fileid -- --fileid
refuses_mfg "cli: a flag with a value" 2 usage keygen -- --keygen=yes
refuses_mfg "cli: version 3" 2 version 3 -- --version 3
refuses_mfg "cli: version 02" 2 version -- --version 02
refuses_mfg "cli: an empty version" 2 version -- --version=
refuses_mfg "cli: two HMAC keys" 2 kp_hmac_keygen kp_hmac_inputkey -- \
	--keygen --key_protect_hmac --kp_hmac_keygen --kp_hmac_inputkey h.bin
refuses_mfg "cli: --inputkey with the HMAC scheme" 2 inputkey \
	key_protect_hmac -- --inputkey k.bin --key_protect_hmac --kp_hmac_keygen
refuses "cli: generate-key takes no positional" 2 usage -- \
	mfg_gen generate-key k.bin
refuses "cli: --keyfile with another extension" 2 k.key .bin -- \
	mfg_gen generate-key --keyfile k.key

mfg
plain=$(fingerprint out)
is "cli: the usual form" "$status $(files out)" \
	"0 bin/P-1.bin bin/P-2.bin csv/P-1.csv csv/P-2.csv"
rm -r out
for form in "--outdir=out conf.csv values.csv P 0x3000" \
	"conf.csv --outd out values.csv P 0x3000" \
	"conf.csv values.csv --version=2 P --outdir out -- 0x3000" \
	"conf.csv values.csv P 12288 --outdir other --outdir out" \
	"--outdir out -- conf.csv values.csv P 0x3000"; do
	# shellcheck disable=SC2086 # a list of words
	try mfg_gen generate $form
	is "cli: generate $form" "$status $(fingerprint out)" "0 $plain"
	rm -rf out
done
cp conf.csv ./-c.csv
try mfg_gen generate --outdir out -- -c.csv values.csv -P 0x3000
is "cli: behind -- a dash is no option" "$(files out)" \
	"bin/-P-1.bin bin/-P-2.bin csv/-P-1.csv csv/-P-2.csv"

# ---- names ----

conf a,namespace, x,data,u8
vals 'serial no,x' 'A 1,1' 'B.2 ä,2' '-,3'
mfg --fileid 'serial no' --prefix_num 9 3 --keygen
tree_is "names: --prefix_num and --fileid, key files too" out \
	bin/ "bin/P-009-A 1.bin 12288" "bin/P-010-B.2 ä.bin 12288" \
	"bin/P-011--.bin 12288" csv/ "csv/P-009-A 1.csv 53" \
	"csv/P-010-B.2 ä.csv 53" "csv/P-011--.csv 53" keys/ \
	"keys/keys-P-009-A 1.bin 4096" "keys/keys-P-010-B.2 ä.bin 4096" \
	"keys/keys-P-011--.bin 4096"
rm -r out
mfg --prefix_num 98 2
is "names: a counter that outgrows its width" "$(files out/bin)" \
	"P-100-3.bin P-98-1.bin P-99-2.bin"
rm -r out
mfg --outdir out/lot\ 7/day2
is "names: missing directories are made" "$status $(files out)" \
	"0 lot 7/day2/bin/P-1.bin lot 7/day2/bin/P-2.bin lot 7/day2/bin/P-3.bin \
lot 7/day2/csv/P-1.csv lot 7/day2/csv/P-2.csv lot 7/day2/csv/P-3.csv"
rm -r out
vals id,x A,1 B,2 A,3 B,4
refuses_mfg "names: two devices with one id" 1 values.csv:4:1: A -- \
	--fileid id
says "names: every such pair is named" values.csv:5:1: B
vals id,x A,1 a,2
mfg --fileid id
succeeds "names: ids that differ in case only are different"
rm -r out
vals id,x "$(repeat 300 i),1"
refuses_mfg "names: a name longer than a file's can be" 1 values.csv:2:1: -- \
	--fileid id
touch file
refuses "names: the output directory is a file" 1 file -- \
	mfg_gen generate conf.csv values.csv P 0x3000 --outdir file
refuses_mfg "names: --fileid of no column" 1 values.csv:1: serial -- \
	--fileid serial

# ---- what is printed ----

conf a,namespace, x,data,u8
vals x 1 2
mfg --keygen --verbose
prints "verbose: the original's lines" \
	"Created CSV file: ===> out/csv/P-1.csv" \
	"Created NVS binary: ===> out/bin/P-1.bin" \
	"Created encryption keys: ===>  out/keys/keys-P-1.bin" \
	"Created NVS binary: ===> out/bin/P-2.bin" \
	"Files generated in"
rm -r out
mfg
is "summary: one line, and quiet on stderr" \
	"$(wc -l <"$OUT") $(wc -c <"$ERR")" "1 0"
prints "summary: counts the devices" 2
rm -r out
for size in 0x1000 0x2000; do
	try mfg_gen generate conf.csv values.csv P $size --outdir out
	says "read-only: $size has to be flagged, and needs ESP-IDF 5.5" \
		readonly 5.5
	rm -r out
done
if [ -e /dev/full ]; then
	last_command='mfg_gen ... >/dev/full' status=0
	mfg_gen generate -h >/dev/full 2>"$ERR" || status=$?
	refused "a full stdout is an error" 1 "standard output"
fi

# ---- wrong data: all of it is said, nothing is written ----

conf factory,namespace, serial_no,data,string wifi_ch,data,u8
vals serial_no,wifi_ch SN-0000001,1 SN-0000002,2 SN-0000003,300 \
	SN-0000004,4 SN-0000005,5
mkdir -p out/bin
echo old >out/bin/P-9.bin
refuses_mfg "a wrong value in row 3 of 5" 1 --
ok "is said with file, line, column, key and value" \
	grep -qx 'values.csv:4:12: error: .*wifi_ch.*300.*' "$ERR"
refuses_mfg "the same with --keygen" 1 values.csv:4:12: -- --keygen
vals serial_no,wifi_ch SN-1,-1 SN-2,2 SN-3,x SN-4, SN-5,256
refuses_mfg "all wrong values are said in one run" 1 values.csv:2:6: \
	values.csv:4:6: values.csv:5:6: values.csv:6:6: --
is "the right one is not" "$(grep -c values.csv:3 "$ERR")" 0
# shellcheck disable=SC2046 # a list of words
vals serial_no,wifi_ch $(for i in $(seq 50); do echo "SN-$i,300"; done)
refuses_mfg "of many errors the first are shown" 1 values.csv:2: \
	values.csv:21: "and 30 more" --
is "twenty of them" "$(grep -c 'error:' "$ERR")" 20
vals serial_no,wifi_ch SN-1,1
printf 'factory,namespace,\nserial_no,data,text\nwifi_ch,date,u8\n' >conf.csv
refuses_mfg "also of the configuration" 1 conf.csv:2: conf.csv:3: --
conf factory,namespace, serial_no,data,string wifi_ch,data,u8
vals serial_no,wifi_ch SN-1,1 SN-2 SN-3,3,3
refuses_mfg "rows of another length: expected and found" 1 values.csv:3: \
	values.csv:4: --
ok "a short row" grep -q 'values.csv:3:.*1 .*2' "$ERR"
ok "a long row" grep -q 'values.csv:4:.*3 .*2' "$ERR"
vals wifi_ch,serial_no 1,SN-1
refuses_mfg "columns in another order" 1 values.csv:1:1: order --
vals serial_no SN-1
refuses_mfg "a key without a column" 1 conf.csv:3:1: wifi_ch --
vals serial_no,wifi_ch,wifi_ch SN-1,1,2
refuses_mfg "a key with two columns" 1 values.csv:1: wifi_ch --
chmod 000 values.csv
if [ -r values.csv ]; then
	skip "values that cannot be read" "root reads everything"
else
	refuses_mfg "values that cannot be read" 1 values.csv --
fi
rm values.csv
mkdir values.csv
refuses_mfg "a directory for values" 1 values.csv directory --
rmdir values.csv

# ---- what the firmware would lose ----

conf first,namespace, key_19259,data,u8 key_120029,data,u8
vals key_19259,key_120029 1,2
refuses_mfg "firmware: two keys with one lookup hash" 1 conf.csv:3: \
	key_19259 key_120029 hash rename --
conf other,namespace, x,data,u8 first,namespace, key_19259,data,u8 \
	key_120029,data,u8
vals x,key_19259,key_120029 1,2,3
refuses_mfg "firmware: they clash in every namespace" 1 conf.csv:5: \
	key_19259 key_120029 --
conf first,namespace, key_19259,data,u8 second,namespace, key_120029,data,u8
vals key_19259,key_120029 1,2
mfg
succeeds "firmware: in two namespaces they do not clash"
conf first,namespace, k16214465,data,u8 cfg,namespace, x,data,u8
vals k16214465,x 1,2
refuses_mfg "firmware: a key that clashes with a namespace's entry" 1 \
	conf.csv:3: k16214465 cfg hash --
conf a,namespace, abcdefghijklmnop,data,u8
vals abcdefghijklmnop 1
refuses_mfg "firmware: a key of 16 bytes" 1 conf.csv:2:1: abcdefghijklmnop \
	15 --
conf abcdefghijklmnop,namespace, x,data,u8
vals x 1
refuses_mfg "firmware: a namespace of 16 bytes" 1 conf.csv:1:1: \
	abcdefghijklmnop 15 --

# ---- values ----

conf a,namespace, x,data,i32 y,data,u64
vals x,y ' 0x1F ,0xFFFFFFFFFFFFFFFF' '-0x80000000,+0007'
mfg
holds "values: hexadecimal" out/bin/P-1.bin "1:a x i32 31" \
	"1:a y u64 18446744073709551615"
holds "values: negative hexadecimal, zeros in front" out/bin/P-2.bin \
	"1:a x i32 -2147483648" "1:a y u64 7"
ok "values: the CSV keeps the spelling" has out/csv/P-1.csv 'x,data,i32, 0x1F '
conf a,namespace, x,data,u8,REPEAT y,data,u8
vals x,y 1,1 ,2 7,3 7,4
mfg
holds "REPEAT: the first value is kept" out/bin/P-3.bin "1:a x u8 1" "1:a y u8 3"
is "REPEAT: another value later is pointed out once" \
	"$status $(grep -c warning "$ERR")" "0 1"
says "REPEAT: with its place" values.csv:4:1: warning x
is "REPEAT: the expanded table" "$(tr '\r\n' '|/' <values_created.csv)" \
	"x,y|/1,1|/1,2|/1,3|/1,4|/"
rm -r out values_created.csv
vals x,y 1,1 ,300
refuses_mfg "REPEAT: no expanded table when anything is wrong" 1 \
	values.csv:3:2: y 300 --
vals x,y 300,1 ,2
refuses_mfg "REPEAT: a wrong value is said once, where it stands" 1 \
	values.csv:2:1: x 300 --
is "REPEAT: once" "$(grep -c error: "$ERR")" 1

conf a,namespace, s,data,string b,data,binary h,data,hex2bin x,data,base64
vals s,b,h,x ,,, '" a ","x,y"," 0aFF ","QU
I="'
mfg
holds_only "values: empty" out/bin/P-1.bin "0: a u8 1" "1:a s string " \
	"1:a b blob " "1:a h blob " "1:a x blob "
holds_only "values: blanks belong to text, not to hex digits or base64" \
	out/bin/P-2.bin "0: a u8 1" "1:a s string  a " "1:a b blob 782c79" \
	"1:a h blob 0aff" "1:a x blob 4142"
rm -r out
vals s,b,h,x 'ok,ok,0g,' 'ok,ok,abc,' ok,ok,,QUI
refuses_mfg "values: what is neither hex nor base64" 1 values.csv:2:7: \
	values.csv:3:7: values.csv:4:8: h x --

conf a,namespace, f,file,string g,file,base64
printf 'QUJD\r\nREVG\n' >g.b64
printf 'a\0b' >nul.txt
mkfifo fifo
mkdir dir
printf 'tëxt\r\n' >f.txt
vals f,g f.txt,g.b64
mfg
is "files: text as it is, base64 over several lines" \
	"$(peek out/bin/P-1.bin | od -An -c | tr -d ' \n')" \
	"$(printf '0: a u8 1\n1:a f string tëxt\r\n\n1:a g blob 414243444546\n' |
		od -An -c | tr -d ' \n')"
rm -r out
for bad in nul.txt fifo dir absent.txt; do
	vals f,g "$bad,g.b64"
	refuses_mfg "files: $bad for a text" 1 values.csv:2:1: f "$bad" --
done
vals f,g f.txt,
refuses_mfg "files: no name" 1 values.csv:2:7: g --

# ---- keys ----

conf a,namespace, x,data,u8
vals x 1
(umask 000 && mfg --keygen && try mfg_gen generate-key --keyfile k.bin \
	--outdir out --key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile h.bin)
is "keys: mode 0600 whatever the umask" "$(stat -c '%n %a' out/keys/* |
	sed 's/.*keys\///' | paste -sd ' ' -)" \
	"h.bin 600 k.bin 600 keys-P-1.bin 600"
rm -r out
try mfg_gen generate-key --keyfile line7 --outdir out
is "keys: .bin is added to a key file's name" "$(files out)" keys/line7.bin
rm -r out
try mfg_gen generate-key --outdir out
ok "keys: the default name has date and time" \
	grep -qE '^keys/keys-[0-9]{2}-[0-9]{2}_[0-9]{2}-[0-9]{2}\.bin$' \
	<(files out)
rm -r out
try mfg_gen generate-key --key_protect_hmac --kp_hmac_keygen --outdir out
ok "keys: and so have the HMAC key's and its key file's" \
	grep -qE '^keys/hmac-keys-[-_0-9]+\.bin keys/keys-[-_0-9]+\.bin$' \
	<(files out)
rm -r out
refuses_mfg "keys: a key file without .bin" '1 2' prod.key .bin -- \
	--inputkey prod.key
refuses_mfg "keys: a key file that is not there" 1 absent.bin -- \
	--inputkey absent.bin
mkfifo k.bin
refuses_mfg "keys: a key file that is none" 1 k.bin -- --inputkey k.bin
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is secret is for its owner only from the moment it exists, nothing
# planted is followed or relied on, and nothing that an input holds commands
# a terminal.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen factory_nvs_gen nvs_tool
CREATIONS_SO=$BUILD/test/preload/creations.so
NOBODY=65534

printf 'dev,namespace,\nn,data,u8\ns,data,string,REPEAT\n' >conf.csv
printf 'id,n,s\na,1,hello\nb,2,\n' >values.csv
printf 'key,type,encoding,value\ndev,namespace,,\nn,data,u8,1\n' >in.csv
head -c 64 /dev/urandom >key.bin

# modes DIR...: "MODE NAME" of all files below them, sorted
modes() {
	find "$@" -type f -printf '%m %P\n' | LC_ALL=C sort | paste -sd ' ' -
}

# ---- Permissions, with nothing masked ----

chmod 664 values.csv
umask 0
# What is there already, open to all, must not lend its mode.
mkdir -p keys out
touch out/f.csv out/f.bin dec.bin
try mfg_gen generate conf.csv values.csv P 0x3000 --fileid id --outdir plain
is "plain: by the umask" "$status $(modes plain)" \
	"0 666 bin/P-a.bin 666 bin/P-b.bin 666 csv/P-a.csv 666 csv/P-b.csv"
try mfg_gen generate conf.csv values.csv P 0x3000 --fileid id --outdir enc \
	--keygen --key_protect_hmac --kp_hmac_keygen
is "encrypted: keys and what is in clear are the owner's" \
	"$status $(modes enc)" "0 600 csv/P-a.csv 600 csv/P-b.csv \
600 keys/hmac-keys-P-a.bin 600 keys/hmac-keys-P-b.bin \
600 keys/keys-P-a.bin 600 keys/keys-P-b.bin \
666 bin/P-a.bin 666 bin/P-b.bin"
chmod 644 enc/keys/* enc/csv/*
rm enc/keys/hmac*
try mfg_gen generate conf.csv values.csv P 0x3000 --fileid id --outdir enc \
	--keygen --overwrite
is "replacing files that are open to all" "$status $(modes enc/keys enc/csv)" \
	"0 600 P-a.csv 600 P-b.csv 600 keys-P-a.bin 600 keys-P-b.bin"
try mfg_gen generate conf.csv values.csv P 0x3000 --fileid id --outdir given \
	--inputkey key.bin
is "a given key: what is in clear too" "$status $(modes given/csv)" \
	"0 600 P-a.csv 600 P-b.csv"
try mfg_gen generate-key --keyfile k --key_protect_hmac --kp_hmac_keygen \
	--kp_hmac_keyfile h
is "generate-key" "$status $(modes keys)" "0 600 h.bin 600 k.bin"
try nvs_partition_gen encrypt --keygen --keyfile n in.csv n.bin 0x3000
is "nvs_partition_gen: the key" "$status $(stat -c %a keys/n.bin n.bin |
	paste -sd ' ')" "0 600 666"
try nvs_partition_gen decrypt n.bin keys/n.bin dec.bin
is "nvs_partition_gen: what is decrypted" "$status $(stat -c %a dec.bin)" \
	"0 600"
try factory_nvs_gen 11122333 ES32 out/f
is "HomeKit: a code can be found for its verifier" "$status $(modes out)" \
	"0 600 f.bin 600 f.csv"
(cd out && try factory_nvs_gen 11122333 ES32 g --encrypt true --keygen true \
	--keyfile g.bin)
is "HomeKit, encrypted" "$(stat -c '%a %n' out/g.* out/keys/* |
	paste -sd ' ')" "666 out/g.bin 600 out/g.csv 600 out/keys/g.bin"
try factory_nvs_gen batch --count 1 --qr --outdir home H
is "HomeKit, a batch" "$status $(modes home)" "0 600 bin/H-1.bin \
600 csv/H-1.csv 600 labels/H-1.png 600 labels/H-1.svg 600 setup-H.csv"
try factory_nvs_gen batch --count 1 --encrypt true --keygen true --outdir hom H
is "HomeKit, an encrypted batch" "$status $(modes hom)" "0 600 csv/H-1.csv \
600 keys/keys-H-1.bin 600 setup-H.csv 666 bin/H-1.bin"
is "the filled-in table: as open as the table" \
	"$(stat -c %a values_created.csv)" 664
chmod 640 values.csv
chmod 666 values_created.csv
try mfg_gen generate conf.csv values.csv Q 0x3000 --outdir plain
is "and no more than that" "$(stat -c %a values_created.csv)" 640
try_with_input mfg_gen generate conf.csv - Q 0x3000 --outdir piped \
	"$(cat values.csv)"
is "that of a pipe: for its owner" \
	"$status $(stat -c %a piped/csv/values_created.csv)" "0 600"
printf 'key,type,encoding,value\ndev,namespace,,\ns,file,string,cr.txt\n' \
	>cr.csv
printf 'a\rb\rc' >cr.txt
nvs_partition_gen encrypt --inputkey key.bin cr.csv cr.bin 0x3000 >/dev/null
try nvs_tool --keys key.bin --csv --csv-files strings cr.bin
is "nvs_tool: strings of an encrypted image" \
	"$status $(stat -c %a strings/* 2>&1)" "0 600"

# ---- From the moment they exist: as they are created, never changed ----

# created COMMAND...: what it creates
created() {
	rm -f creations
	try env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		CREATIONS="$T/creations" LD_PRELOAD="$CREATIONS_SO" "$@"
	[ "$status" -eq 0 ] || fail "creating" "$(last_run)"
}

created mfg_gen generate conf.csv values.csv P 0x3000 --fileid id \
	--outdir e2 --keygen --key_protect_hmac --kp_hmac_keygen
is "keys are created 0600" "$(grep 'keys-P' creations | sort)" \
	"$(printf 'create 600 %skeys-P-%s.bin\n' hmac- a hmac- b \
		'' a '' b)"
is "nothing gets its mode later" "$(grep -c chmod creations)" 0
created mfg_gen generate-key --keyfile k2 --key_protect_hmac \
	--kp_hmac_keygen --kp_hmac_keyfile h2
is "generate-key creates 0600" \
	"$(sed 's/ [^ ]*$//' creations | sort | uniq -c | xargs)" \
	"2 create 600"
created factory_nvs_gen batch --count 2 --qr --outdir h3 H
is "HomeKit creates no file that is open, but for an empty lock" \
	"$(grep -v ' 600 ' creations)" "open 666 fingerprint
create 666 manifest"
not_ok "and that manifest holds no code" grep -qF \
	"$(sed -n 2p h3/setup-H.csv | cut -d, -f2)" creations
umask 022

# ---- Links at the final name ----

mkdir -p links/keys
echo keep >victim
for name in o.bin keys/k.bin; do ln -s ../../victim links/$name; done
ln -sfn ../victim links/o.bin
try nvs_partition_gen generate --outdir links in.csv o.bin 0x3000
is "an output that is a link: is replaced" \
	"$status $(cat victim) $(stat -c %F links/o.bin)" "0 keep regular file"
refuses "a key file that is a link: is not touched" 1 'keys/k.bin' -- \
	nvs_partition_gen generate-key --outdir links --keyfile k.bin
ln -sf ../victim dec.bin
try nvs_partition_gen decrypt n.bin keys/n.bin dec.bin
is "what is decrypted: a link is replaced" \
	"$status $(cat victim) $(stat -c %F dec.bin)" "0 keep regular file"
for name in setup-L.csv .factory_nvs_gen-L.plan; do
	mkdir planted
	ln -s ../victim planted/$name
	refuses "HomeKit: a planted $name" 1 "$name" -- \
		factory_nvs_gen batch --count 1 --outdir planted L
	try factory_nvs_gen batch --count 1 --outdir planted --overwrite \
		--restart L
	is "HomeKit: a planted $name is replaced" \
		"$status $(cat victim) $(find planted -type l)" "0 keep "
	rm -r planted
done
for name in m.csv SHA256SUMS-P values_created.csv; do
	mkdir planted
	cp values.csv planted
	ln -s ../victim planted/$name
	try mfg_gen generate conf.csv planted/values.csv P 0x3000 \
		--outdir planted --manifest planted/m.csv --sha256sums \
		--overwrite
	is "a planted $name is replaced" \
		"$status $(cat victim) $(find planted -type l)" "0 keep "
	rm -r planted
done

# ---- Directories that are links ----

mkdir real
ln -s real chosen
try mfg_gen generate conf.csv values.csv P 0x3000 --outdir chosen
is "an outdir that is a link" "$status $(files real)" \
	"0 bin/P-1.bin bin/P-2.bin csv/P-1.csv csv/P-2.csv"
for dir in bin csv keys; do
	rm -rf lot elsewhere
	mkdir -p lot elsewhere
	ln -s ../elsewhere lot/$dir
	try mfg_gen generate conf.csv values.csv P 0x3000 --outdir lot --keygen
	is "$dir/ that is a link of one's own" \
		"$status $(find elsewhere -type f | wc -l)" "0 2"
done
rm -rf lot elsewhere
mkdir lot elsewhere
ln -s ../elsewhere lot/keys
try nvs_partition_gen generate-key --outdir lot --keyfile k
is "generate-key: keys/ that is a link of one's own" \
	"$status $(files elsewhere)" "0 k.bin"

if [ "$(id -u)" -ne 0 ]; then
	skip "what others have planted" "only root can make others' files"
else
	for dir in bin csv keys labels; do
		rm -rf shared elsewhere
		mkdir -m 1777 shared
		mkdir elsewhere
		ln -s ../elsewhere shared/$dir
		chown -h $NOBODY shared/$dir
		refuses "$dir/ that is another user's link" 1 \
			"another user's symbolic link" "shared/$dir" -- \
			factory_nvs_gen batch --count 1 --outdir shared --qr \
			--encrypt true --keygen true H
	done
	rm shared/labels
	ln -s ../elsewhere shared/keys
	chown -h $NOBODY shared/keys
	refuses "generate-key: keys/ that is another user's link" 1 \
		"another user's symbolic link" "shared/keys" -- \
		mfg_gen generate-key --outdir shared --keyfile k
	chown $NOBODY shared
	try mfg_gen generate-key --outdir shared --keyfile k
	is "a link in its owner's directory is followed" \
		"$status $(files elsewhere)" "0 k.bin"

	# A partial directory or a plan with keys that another one knows. One
	# row after the other: else the second may be made before the first
	# is refused.
	rm -rf shared
	mkdir -m 1777 shared
	(ulimit -f 4 && trap '' XFSZ && mfg_gen generate conf.csv values.csv \
		P 0x3000 --outdir shared --keygen --jobs 1) >/dev/null 2>&1
	partial=shared/.mfg_gen-P.partial
	ok "a run was stopped, and has left a key" test -f $partial/keys/keys-P-1.bin
	chown -R $NOBODY $partial
	refuses "a key that another user knows is not used" 1 \
		"keys-P-1.bin" "another user's" -- mfg_gen generate conf.csv \
		values.csv P 0x3000 --outdir shared --keygen --resume --jobs 1
	chown -R 0 $partial
	try mfg_gen generate conf.csv values.csv P 0x3000 --outdir shared \
		--keygen --resume
	succeeds "one's own is"
	printf 'setup_code,setup_id,salt\r\n11122333,ES32,%032d\r\n' 7 \
		>shared/.factory_nvs_gen-H.plan
	chown $NOBODY shared/.factory_nvs_gen-H.plan
	refuses "codes that another user knows are not used" 1 \
		".factory_nvs_gen-H.plan" "another user's" -- \
		factory_nvs_gen batch --count 1 --outdir shared --resume H
	# Nor are they where it can't be told whose the directory is.
	opened=0
	while rm -f hit && env "ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS" \
		LD_PRELOAD="$BUILD/test/preload/failio.so" FAILIO_HIT="$T/hit" \
		FAILIO_CALL=open FAILIO_AT=$((opened + 1)) FAILIO_ERRNO=13 \
		factory_nvs_gen batch --count 1 --outdir shared --resume H \
		>/dev/null 2>&1
		[ -e hit ] && [ ! -e shared/setup-H.csv ]; do
		opened=$((opened + 1))
	done
	is "not even when something can't be opened" \
		"$((opened > 1)) $(find shared -name setup-H.csv)" "1 "
	chown 0 shared/.factory_nvs_gen-H.plan
	try factory_nvs_gen batch --count 1 --outdir shared --resume H
	succeeds "one's own are"
fi

# ---- Devices and the like in place of files ----

if [ "$(id -u)" -eq 0 ] && mknod fifo p 2>/dev/null; then :; else mkfifo fifo; fi
printf 'dev,namespace,\nb,file,binary\n' >fconf.csv
for special in /dev/zero fifo . /proc/self/mem; do
	printf 'b\n%s\n' $special >fvalues.csv
	refuses "a file cell that names $special" 1 fvalues.csv:2:1: "$special" \
		-- mfg_gen generate fconf.csv fvalues.csv P 0x3000 --outdir dev
done

# ---- Nothing that is printed commands a terminal ----

ESC=$(printf '\033')
C1=$(printf '\302\233')
clean() {
	if grep -qF -e "$ESC" -e "$C1" "$OUT" "$ERR"; then
		fail "$1" "an escape sequence got through" "$(last_run | cat -v)"
	else
		pass "$1"
	fi
}
evil="${ESC}]0;owned${ESC}\\${C1}31m"
printf 'b\n%s\n' "no-$evil" >fvalues.csv
try mfg_gen generate fconf.csv fvalues.csv P 0x3000 --outdir dev
clean "the name of a file in a cell"
says "the name of a file in a cell: is shown" 'no-\x1b]0;owned'
printf 'id,n,s\n%s,1,hello\n' "$evil" >evil.csv
try mfg_gen generate conf.csv evil.csv P 0x3000 --outdir dev --fileid id
clean "an id"
refused "an id: is refused" 1 "control character"
printf 'id,n,s\n%s,1,hello\n' "x${C1}y" >evil.csv
try mfg_gen generate conf.csv evil.csv P 0x3000 --outdir dev --fileid id
refused "an id with a C1 control: is refused" 1 "control character"
clean "an id with a C1 control"
for cell in "$evil,namespace," "dev,namespace,
$evil,data,u8" "dev,namespace,
n,$evil,u8" "dev,namespace,
n,data,$evil"; do
	printf '%s\n' "$cell" >econf.csv
	try mfg_gen generate econf.csv values.csv P 0x3000 --outdir dev
	clean "a cell of the configuration: ${cell//[!a-z,]/.}"
done
try mfg_gen generate "$evil.csv" values.csv P 0x3000
clean "a file name as it was typed"
try mfg_gen "$evil"
clean "a command as it was typed"
try mfg_gen generate "--$evil" conf.csv values.csv P 0x3000
clean "an option as it was typed"
printf 'key,type,encoding,value\ndev,namespace,,\ns,data,string,%s\n' \
	"$evil" >es.csv
nvs_partition_gen generate es.csv es.bin 0x3000 >/dev/null
if command -v script >/dev/null; then
	try script -qec "nvs_tool --color never -d minimal es.bin" /dev/null
	clean "nvs_tool: a string, on a terminal"
	prints "nvs_tool: a string, on a terminal: is shown" 's = \x1b]0;owned'
else
	skip "nvs_tool on a terminal" "there is no script(1)"
fi
try nvs_tool --color never -d minimal es.bin
ok "nvs_tool: a string as it is, into a file" grep -qF -e "$ESC" "$OUT"
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# factory_nvs_gen as its users meet it: the command line, what is printed,
# what is written and what is not.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools factory_nvs_gen nvs_partition_gen

SALT=000102030405060708090a0b0c0d0e0f
PLAIN=$ROOT/test/golden-homekit/plain/expect/fan_factory

gen() {
	try factory_nvs_gen 11122333 ES32 "$@"
}

# ---- what is written, and where ----

fresh
gen fan --salt $SALT
succeeds 'plain run'
tree_is 'plain run: CSV and image' . 'fan.bin 16384' 'fan.csv 925'
same 'plain run: CSV' fan.csv "$PLAIN.csv"
same 'plain run: image' fan.bin "$PLAIN.bin"
is 'plain run: what it says' "$(cat "$OUT")" 'CSV Generated: fan.csv
Created NVS binary: ===> fan.bin
NVS Flash Binary Generated: fan.bin'
gen fan --salt ${SALT^^}
same 'an upper-case salt is the same, files are replaced' fan.bin "$PLAIN.bin"

fresh
gen fan.bin --outdir new/out --salt $SALT
tree_is 'the ending is always added; outdir is for the image' . \
	'fan.bin.csv 925' 'new/' 'new/out/' 'new/out/fan.bin.bin 16384'
same 'outdir: image' new/out/fan.bin.bin "$PLAIN.bin"

fresh
gen sub/dir/fan --outdir other --salt $SALT
succeeds 'a path as outfile'
tree_is 'a path as outfile: both beside each other' . 'sub/' 'sub/dir/' \
	'sub/dir/fan.bin 16384' 'sub/dir/fan.csv 925'
says 'a path as outfile: outdir is not used' '--outdir is not used'

fresh
gen one
gen two
not_ok 'a fresh salt for each' cmp -s one.csv two.csv
line=$(sed -n 4p one.csv)
is 'a random salt has 16 bytes' "${#line}" $((24 + 32))

fresh
gen big --salt $SALT --size 0x6000 --version V1
is 'a larger size' "$(stat -c %s big.bin)" 24576
is 'version 1 in the page header' "$(od -An -tx1 -j8 -N1 big.bin)" ' ff'

# ---- encryption ----

fresh
gen fan --salt $SALT --encrypt TRUE --keygen true --outdir out
succeeds 'a drawn key'
key=$(cd out/keys && echo *)
ok 'a drawn key: its name' grep -qE \
	'^encryption_keys_[0-9]{2}-[0-9]{2}_[0-9]{2}-[0-9]{2}\.bin$' <<<"$key"
is 'a drawn key: only for its owner' "$(stat -c %a "out/keys/$key")" 600
not_ok 'a drawn key: the image is encrypted' cmp -s out/fan.bin "$PLAIN.bin"
try nvs_partition_gen decrypt out/fan.bin "out/keys/$key" plain.bin
same 'a drawn key: decrypts to the plain image' plain.bin "$PLAIN.bin"

fresh
gen fan --encrypt true --keygen true --keyfile some/where/k --outdir out
is 'a named key: its last component below keys' "$(files out)" \
	'fan.bin keys/k.bin'
gen fan --encrypt true --keygen true --keyfile "$T/abs/k.bin"
ok 'an absolute key name is where it says' test -f abs/k.bin
refuses 'a key is never overwritten' 1 'k.bin' -- factory_nvs_gen 11122333 \
	ES32 other --encrypt true --keygen true --keyfile "$T/abs/k.bin"

# ---- own entries ----

fresh
printf 'key,type,encoding,value\napp,namespace,,\nn,data,u8,300\n' >own.csv
refuses 'a mistake in the infile has its place there' 1 'own.csv:3:11' 300 \
	-- factory_nvs_gen 11122333 ES32 fan --infile own.csv
printf 'app,namespace,,\n' >own.csv
refuses 'an infile without header' 1 'own.csv:1' \
	'key,type,encoding,value' -- \
	factory_nvs_gen 11122333 ES32 fan --infile own.csv
: >own.csv
refuses 'an empty infile' 1 'own.csv:1' 'key,type,encoding,value' -- \
	factory_nvs_gen 11122333 ES32 fan --infile own.csv
printf 'key,type,encoding,value\nhap_setup,namespace,,\napp,namespace,,\n' \
	>own.csv
refuses 'hap_setup is not last' 1 'own.csv:2:1' "hap_setup" 'line 3' -- \
	factory_nvs_gen 11122333 ES32 fan --infile own.csv
printf 'key,type,encoding,value\napp,namespace,,\nn,data,u8,3' >own.csv
refuses 'the infile would be overwritten' 1 "'own.csv'" -- \
	factory_nvs_gen 11122333 ES32 own --infile own.csv
refuses 'the infile would be overwritten, by another name' 1 'own.csv' -- \
	factory_nvs_gen 11122333 ES32 own --infile "$T/./own.csv"
refuses 'no such infile' 1 'none.csv' -- \
	factory_nvs_gen 11122333 ES32 fan --infile none.csv
gen fan --infile own.csv --salt $SALT
succeeds 'an infile without a last line end'
is 'the lines after it' "$(sed -n '3,4p' fan.csv)" \
	$'n,data,u8,3\nhap_setup,namespace,,'
printf 'key,type,encoding,value\nhap_setup,namespace,,\n%s\n' \
	'setup_id,data,binary,AAAA' >own.csv
refuses 'a setup key that is there already' 1 'setup_id' -- \
	factory_nvs_gen 11122333 ES32 fan2 --infile own.csv

# ---- refused ----

fresh
for code in 12345678 00000000 87654321; do
	refuses "the forbidden code $code" 1 "$code" HomeKit -- \
		factory_nvs_gen $code ES32 fan
done
refuses 'seven digits' 1 '7 digits' -- factory_nvs_gen 1112233 ES32 fan
refuses 'a code with hyphens' 1 'digit' -- \
	factory_nvs_gen 111-22-333 ES32 fan
refuses 'letters' 1 'digit' -- factory_nvs_gen 1112233x ES32 fan
for id in '' es32 ES3 ES321 ES,2; do
	refuses "the setup id '$id'" 1 'setup id' -- \
		factory_nvs_gen 11122333 "$id" fan
done
refuses 'a short salt' 1 'salt' 32 -- \
	factory_nvs_gen 11122333 ES32 fan --salt 0011
refuses 'an odd salt' 1 'salt' 32 -- \
	factory_nvs_gen 11122333 ES32 fan --salt ${SALT%?}
refuses 'a long salt' 1 'salt' 32 -- \
	factory_nvs_gen 11122333 ES32 fan --salt ${SALT}00
refuses 'a salt that is not hex' 1 'salt' -- \
	factory_nvs_gen 11122333 ES32 fan --salt ${SALT%?}g
refuses 'size: not a multiple' '1 2' 4096 -- \
	factory_nvs_gen 11122333 ES32 fan --size 0x4001
refuses 'size: too small' '1 2' 0x3000 -- \
	factory_nvs_gen 11122333 ES32 fan --size 0x2000
refuses 'size: no number' '1 2' abc -- \
	factory_nvs_gen 11122333 ES32 fan --size abc
refuses 'encrypt without a key' 2 keyfile keygen -- \
	factory_nvs_gen 11122333 ES32 fan --encrypt true
refuses 'keygen without encrypt' 2 encrypt -- \
	factory_nvs_gen 11122333 ES32 fan --keygen true
refuses 'keyfile without encrypt' 2 encrypt -- \
	factory_nvs_gen 11122333 ES32 fan --keyfile k.bin
refuses 'encrypt: neither true nor false' 2 maybe -- \
	factory_nvs_gen 11122333 ES32 fan --encrypt maybe
refuses 'version' 2 v3 -- factory_nvs_gen 11122333 ES32 fan --version v3
refuses 'no such key file' 1 k.bin -- \
	factory_nvs_gen 11122333 ES32 fan --encrypt true --keyfile k.bin
refuses 'an empty outfile' 1 outfile -- factory_nvs_gen 11122333 ES32 ''
refuses 'a directory as outfile' 1 outfile -- \
	factory_nvs_gen 11122333 ES32 sub/
refuses 'a missing argument' 2 outfile -- factory_nvs_gen 11122333 ES32
refuses 'an unknown option' 2 --nonsense -- \
	factory_nvs_gen 11122333 ES32 fan --nonsense

# ---- partition tables ----

fresh
cat >partitions.csv <<'END'
nvs,      data, nvs,     ,        0x6000,
phy_init, data, phy,     ,        0x1000,
factory,  app,  factory, ,        1M,
fctry,    data, nvs,     ,        24K,
END
gen fan --salt $SALT --size fctry --partition-table partitions.csv
succeeds 'the size of a partition'
is 'the size of a partition: the image' "$(stat -c %s fan.bin)" 24576
prints 'the size of a partition: what to flash where' '0x110000 fan.bin'
gen fan --salt $SALT --size fctry --partition-table partitions.csv \
	--partition-table-offset 0x10000
prints 'another offset of the table' '0x120000 fan.bin'
gen enc --salt $SALT --size fctry --partition-table partitions.csv \
	--encrypt true --keygen true
says 'an encrypted image without a partition for its key' 'nvs_keys'
rm -r fan.* enc.* keys
refuses 'an unknown partition' 1 'partitions.csv' "'factry'" \
	'nvs, phy_init, factory, fctry' -- factory_nvs_gen 11122333 ES32 fan \
	--size factry --partition-table partitions.csv
refuses 'a partition of another type' 1 'partitions.csv:3' app/factory -- \
	factory_nvs_gen 11122333 ES32 fan --size factory \
	--partition-table partitions.csv
refuses 'a table without a name' '1 2' --size -- factory_nvs_gen 11122333 \
	ES32 fan --partition-table partitions.csv
refuses 'an offset without a table' 2 --partition-table -- \
	factory_nvs_gen 11122333 ES32 fan --partition-table-offset 0x8000
refuses 'an impossible offset' 2 0x8001 -- factory_nvs_gen 11122333 ES32 \
	fan --size fctry --partition-table partitions.csv \
	--partition-table-offset 0x8001
printf 'a,data,nvs,0x9000,0x6000\nb,data,nvs,0xe000,0x6000\n' >partitions.csv
refuses 'overlapping partitions' 1 'partitions.csv:2:12' "'b'" 0xf000 -- \
	factory_nvs_gen 11122333 ES32 fan --size a \
	--partition-table partitions.csv

finish

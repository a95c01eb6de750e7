#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# batch-inputs.sh DEVICES [DIR] - a configuration and a values table like
# those of a factory, in DIR (default: here): conf.csv with 13 keys in four
# namespaces, values.csv with that many rows, different in every row but for
# the repeated keys. The same number gives the same bytes. For "make bench"
# and the tests.

set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: ${0##*/} DEVICES [DIR]" >&2
	exit 2
fi
cd "${2:-.}"

cat >conf.csv <<-EOT
	device,namespace,
	serial_no,data,string
	model,data,string,REPEAT
	hw_rev,data,u8,REPEAT
	lot,data,u16
	mac,data,hex2bin
	made_at,data,u32
	cal,namespace,
	temp_offset,data,i16
	gain_ppm,data,i32
	adc_zero,data,i64
	wifi,namespace,
	sta_ssid,data,string
	sta_pass,data,string
	cloud,namespace,
	endpoint,data,string,REPEAT
	claim_token,data,base64
EOT

awk -v devices="$1" '
# Knuth, minimal standard: the same on every awk, whose rand() differs.
function draw(below)
{
	seed = (seed * 16807) % 2147483647
	return seed % below
}

function text(length_wanted, alphabet,    s)
{
	s = ""
	while (length(s) < length_wanted)
		s = s substr(alphabet, draw(length(alphabet)) + 1, 1)
	return s
}

BEGIN {
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
		"abcdefghijklmnopqrstuvwxyz0123456789"
	print "id,serial_no,model,hw_rev,lot,mac,made_at,temp_offset," \
		"gain_ppm,adc_zero,sta_ssid,sta_pass,endpoint,claim_token"
	for (n = 1; n <= devices; n++) {
		seed = n * 7919 + 1
		printf "SN-%07d,AQ7-24-%07d,", n, n
		printf n == 1 ? "Air sensor AQ7,3," : ",,"
		printf "%d,%s,%d,%d,%d,%d,", n % 65536, \
			text(12, "0123456789abcdef"), 1700000000 + n, \
			draw(801) - 400, draw(200001) - 100000, \
			draw(2000000001) - 1000000000
		printf "line-%d,%s,%s,%s\n", n % 12, text(16, alphabet), \
			n == 1 ? "mqtts://iot.example.com:8883" : "", \
			text(64, alphabet "+/")
	}
}' >values.csv

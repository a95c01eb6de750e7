#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# try-deb.sh DIR - install the packages of DIR on this machine, as root, use
# them, and remove them again. Not for a machine on which one of them is
# installed: it says so and does nothing.

set -eu
cd "$(dirname "$0")/../.."
dir=$1
names=$(for deb in "$dir"/*.deb; do dpkg-deb -f "$deb" Package; done)

give_up() {
	echo "try-deb.sh: $1" >&2
	exit 1
}

[ "$(id -u)" -eq 0 ] || give_up "packages are installed by root."
for name in $names; do
	! dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null |
		grep -q '^ii' ||
		give_up "$name is installed here: remove it first."
done
scratch=$(mktemp -d)
# shellcheck disable=SC2086 # a list of words
trap 'dpkg -r $names >/dev/null 2>&1; rm -rf "$scratch"' EXIT

dpkg -i "$dir"/*.deb
echo "---- installed; used:"
examples=/usr/share/doc/mfg-gen/examples
embed=/usr/share/doc/libnvsgen-dev/examples/embed
if [ ! -d "$examples" ]; then
	echo "try-deb.sh: this system leaves /usr/share/doc out (a path-exclude" \
		"of dpkg): the samples are those of the sources" >&2
	examples=$PWD embed=$PWD/samples/embed
fi
cp -r "$examples/samples" "$examples/tools" "$embed" "$scratch"
cd "$scratch"
/usr/bin/mfg_gen generate samples/sample_config.csv \
	samples/sample_values_singlepage_blob.csv Sample fctry --keygen \
	--partition-table samples/partitions.csv --manifest lot.csv --quiet
/usr/bin/mfg_gen verify --manifest lot.csv Sample
tools/flash-from-manifest.sh --left lot.csv
make -s -C embed -B
embed/make_image image.bin
/usr/bin/nvs_tool check --strict image.bin
ldconfig -p | grep libnvsgen
echo "---- removed:"
# shellcheck disable=SC2086 # a list of words
dpkg -r $names
for name in $names; do
	dpkg-query -W "$name" 2>/dev/null | grep . &&
		give_up "$name is still there."
done
! ls -d /usr/bin/mfg_gen /usr/include/nvsgen /usr/share/doc/mfg-gen 2>/dev/null ||
	give_up "files were left behind."
echo "the packages install, work and go away"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Stands in for esptool where there is no device: takes the arguments that
# esptool takes for write_flash, refuses others, and writes into the file
# $FLASH, if that is set, what would be written into a device. With
# $FLASH_FAILS it finds no device, as one that was not connected.
set -eu
usage() {
	echo "esptool.py: error: $*" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	--chip | --port | --baud | --before | --after) shift 2 ;;
	-*) usage "unknown option $1" ;;
	*) break ;;
	esac
done
[ "${1-}" = write_flash ] || usage "expected write_flash, not '${1-}'"
shift
[ $# -gt 0 ] || usage "nothing to write"
if [ -n "${FLASH_FAILS-}" ]; then
	echo "A fatal error occurred: Failed to connect to the device" >&2
	exit 2
fi
kind=plain
while [ $# -gt 0 ]; do
	if [ "$1" = --encrypt-files ]; then
		kind=encrypted
		shift
	fi
	[[ ${1-} =~ ^(0x[0-9a-fA-F]+|[0-9]+)$ ]] || usage "'${1-}' is no offset"
	[ $(($1 % 4096)) -eq 0 ] || usage "'$1' is not on a sector"
	[ -r "${2-}" ] || usage "cannot read '${2-}'"
	[ -z "${FLASH-}" ] ||
		dd if="$2" of="$FLASH" bs=4096 seek=$(($1 / 4096)) \
			conv=notrunc status=none
	printf 'Wrote %d bytes at 0x%08x (%s).\n' "$(wc -c <"$2")" "$1" "$kind"
	echo "Hash of data verified."
	shift 2
done

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Stands in for espefuse.py: takes the arguments of burn_key for an HMAC key.
set -eu
[[ "$*" =~ ^(--(chip|port)\ [^ ]+\ )*burn_key\ BLOCK_KEY[0-5]\ ([^ ]+)\ HMAC_UP$ ]] || {
	echo "espefuse.py: error: cannot do '$*'" >&2
	exit 2
}
[ "$(wc -c <"${BASH_REMATCH[3]}")" -eq 32 ] || {
	echo "espefuse.py: error: a key of 32 bytes is needed" >&2
	exit 2
}
echo "Burn keys to blocks: successful"

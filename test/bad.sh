#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bad.sh [--fill TABLE.txt] [AREA | AREA/CASE...] - bad input: the tables of
# test/bad, in which each case says what is given, and every word of what has
# to be said about it; test/bad.c tells how they are written.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

cd "$ROOT" || exit 1
tables=(test/bad/*.txt)
case ${1-} in
--fill) tables=() ;;
esac
"$BUILD/test/bad" "${tables[@]}" "$@"

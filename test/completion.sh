#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The completion for bash, sourced and asked as bash asks it: command lines
# are cut into words with "=" as one of its own, the last one being completed.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

# shellcheck source=../tools/package/completion.bash
. "$ROOT/tools/package/completion.bash"

# completes LINE: what is offered for its end, sorted, on one line. A blank at
# the end of the line means that a new word begins.
completes() {
	local function
	read -ra COMP_WORDS <<<"${1//=/ = }"
	[[ $1 != *[\ =] ]] || COMP_WORDS+=('')
	[[ $1 != *= ]] || unset 'COMP_WORDS[-1]'
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	function=$(complete -p "${COMP_WORDS[0]##*/}" | sed 's/.*-F \([^ ]*\).*/\1/')
	COMPREPLY=()
	"$function" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" \
		"${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd ' ' -
}

# offers LINE WORD...: exactly these
offers() {
	local line=$1
	shift
	is "${line// /_}" "$(completes "$line")" "$(printf '%s\n' "$@" |
		LC_ALL=C sort | paste -sd ' ' -)"
}

mkdir -p dir/inner dir2
touch conf.csv values.csv "a b.csv" dir/image.bin

offers "mfg_gen " generate generate-key verify
offers "mfg_gen generate" generate generate-key
offers "mfg_gen v" verify
offers "mfg_gen x" ""
offers "nvs_partition_gen e" encrypt
offers "nvs_partition_gen con" conf.csv
offers "nvs_tool di" diff
offers "nvs_tool dir/i" dir/image.bin dir/inner
offers "factory_nvs_gen b" batch
offers "mfg_gen generate --kp" --kp_hmac_keygen --kp_hmac_keyfile \
	--kp_hmac_inputkey
offers "mfg_gen verify --s" --sample --seed
offers "mfg_gen generate --version " 1 2
offers "mfg_gen generate --version=" 1 2
offers "mfg_gen generate --version=2" 2
offers "factory_nvs_gen --version " v1 v2
offers "factory_nvs_gen --keygen t" true
offers "factory_nvs_gen batch --category li" lighting
offers "factory_nvs_gen batch --flags ip" ip ip,ble ip,wac ip,ble,wac
offers "nvs_tool -d m" minimal
offers "nvs_tool -f " text json
offers "nvs_tool stat --color a" auto always
offers "mfg_gen generate --outdir d" dir dir2
offers "mfg_gen generate --outdir=dir/" dir/inner
offers "mfg_gen generate --manifest v" values.csv
offers "mfg_gen generate --prefix_num " ""
offers "mfg_gen generate --prefix_num 1 " ""
offers "mfg_gen generate --prefix_num 1 5 con" conf.csv
offers "mfg_gen generate conf.csv va" values.csv
offers "mfg_gen generate a" "a b.csv"
offers "mfg_gen generate --keygen --outdir x con" conf.csv
offers "mfg_nvs --project_path d" dir dir2
offers "$BUILD/mfg_gen verify --se" --seed

# Every option, of every command: those of the usage line.
for command in "mfg_gen generate" "mfg_gen generate-key" "mfg_gen verify" \
	"nvs_partition_gen generate" "nvs_partition_gen encrypt" \
	"nvs_partition_gen decrypt" "nvs_partition_gen generate-key" \
	"nvs_tool" "nvs_tool check" "nvs_tool diff" "nvs_tool stat" \
	"factory_nvs_gen" "factory_nvs_gen batch" "mfg_nvs"; do
	# shellcheck disable=SC2046,SC2086 # lists of words
	offers "$command --" $($command --help |
		sed -nE 's/^  (-[a-z], )?(--[a-z0-9_-]+)( .*)?$/\2/p')
done

# values OPTION LINE...: those that the command names when it refuses one
values() {
	local line=$1
	shift
	try "$@" '?'
	is "$line: all values" "$(completes "$line")" "$(sed -n \
		's/.*one of:\{0,1\} //p' "$ERR" | tr -d , | tr ' ' '\n' |
		LC_ALL=C sort | paste -sd ' ' -)"
}

values "nvs_tool --dump " nvs_tool dir/image.bin --dump
values "nvs_tool --format " nvs_tool dir/image.bin --format
values "nvs_tool check --color " nvs_tool check dir/image.bin --color
values "factory_nvs_gen batch --category " factory_nvs_gen batch --count 1 P \
	--category
finish

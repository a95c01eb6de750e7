# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of the five commands for bash; found by bash-completion where it
# is installed, else to be sourced. Options are taken from the help of the
# command itself, so they are always those of the version that is there.

# The commands that a program has.
_nvsgen_commands() {
	case $1 in
	mfg_gen) echo generate generate-key verify ;;
	nvs_partition_gen) echo generate generate-key encrypt decrypt ;;
	nvs_tool) echo check diff stat ;;
	factory_nvs_gen) echo batch ;;
	esac
}

# A line per option, "--name OPERAND", from the usage of a command, which ends
# with a blank line.
_nvsgen_options() {
	"$@" --help 2>/dev/null | sed '/^$/q' | grep -o -e '\[--[^]]*\]' |
		tr -d '[]'
}

# The words an option may have as its value, by its name and operand; those of
# a file or directory are "<file>", "<directory>".
_nvsgen_values() {
	case $1 in
	--dump | -d)
		echo all written minimal blobs namespaces storage_info none
		;;
	--format | -f) echo text json ;;
	--color) echo never auto always ;;
	--category)
		echo other bridge fan garage-door lighting lock outlet switch \
			thermostat sensor security-system door window \
			window-covering programmable-switch range-extender \
			air-purifier heater air-conditioner humidifier \
			dehumidifier sprinkler faucet shower
		;;
	--flags) echo ip ble wac ip,ble ip,wac ble,wac ip,ble,wac ;;
	*)
		case $2 in
		F | FILE | INFILE) echo '<file>' ;;
		DIR | OUTDIR | PATH) echo '<directory>' ;;
		\{*\}) tr -d '{}' <<<"${2//,/ }" ;;
		esac
		;;
	esac
}

# Offer those of the words in $1 that begin with $2.
_nvsgen_offer() {
	case $1 in
	'<file>')
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	'<directory>')
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	*) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2") ;;
	esac
}

_nvsgen() {
	local program=${1/#~\//$HOME/} name=${1##*/} at=$COMP_CWORD
	local current=${COMP_WORDS[COMP_CWORD]} option operand commands
	local -a command

	COMPREPLY=()
	command=("$program")
	commands=$(_nvsgen_commands "$name")
	if [ "$at" -gt 1 ] && [[ " $commands " == *" ${COMP_WORDS[1]} "* ]]; then
		command+=("${COMP_WORDS[1]}")
	fi

	# "--opt=value" comes as three words.
	if [ "$current" = = ]; then
		current='' at=$((at + 1))
	fi
	[ "${COMP_WORDS[at - 1]}" != = ] || at=$((at - 1))

	# The value of an option, or the second one of --prefix_num?
	while read -r option operand; do
		[ -n "$operand" ] || continue
		if [ "${COMP_WORDS[at - 1]}" = "$option" ] ||
			[[ $option$operand == --dump* && ${COMP_WORDS[at - 1]} == -d ]] ||
			[[ $option == --format && ${COMP_WORDS[at - 1]} == -f ]]; then
			_nvsgen_offer "$(_nvsgen_values "$option" "$operand")" \
				"$current"
			return
		fi
		[[ $operand != *' '* || $at -lt 3 ||
			${COMP_WORDS[at - 2]} != "$option" ]] || return
	done < <(_nvsgen_options "${command[@]}")

	if [[ $current == -* ]]; then
		_nvsgen_offer "--help $(_nvsgen_options "${command[@]}" |
			cut -d' ' -f1)" "$current"
		return
	fi
	[ "$at" -gt 1 ] || _nvsgen_offer "$commands" "$current"
	# Whatever else stands there names a file, but for what mfg_gen begins with.
	if [ ${#COMPREPLY[@]} -eq 0 ] && { [ "$at" -gt 1 ] ||
		[ "$name" != mfg_gen ]; }; then
		_nvsgen_offer '<file>' "$current"
	fi
}

complete -F _nvsgen mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

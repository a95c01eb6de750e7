#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every system call of a batch that changes something is where it is killed,
# every call that can fail does, once each: --resume then makes the tree that
# was wanted, with the keys that were there.
# What fails in a run from scratch is told and leaves nothing: faults.sh.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"

HMAC="--key_protect_hmac --kp_hmac_keygen"

# What is in place before each run, by kind:
#   new        nothing
#   standing   empty bin/, csv/ and keys/, so that files move one by one
#   overwrite  the tree of another batch, which is replaced
#   hmac       nothing; the HMAC scheme
#   staged     all of the batch, but not published; to be resumed
#   halfway    keys, a CSV and no image published; to be resumed
#   restart    another batch, staged with the same prefix; to be restarted
prepare() {
	fresh
	small 2 same
	sed -i 's/^t,data,string/&,REPEAT/' conf.csv
	options=(--keygen --manifest m.csv --sha256sums)
	case $1 in
	standing) mkdir -p out/bin out/csv out/keys ;;
	overwrite)
		sed -i 's/same/else/' values.csv
		batch "${options[@]}"
		sed -i 's/else/same/' values.csv
		options+=(--overwrite)
		;;
	hmac)
		# shellcheck disable=SC2206 # a list of words
		options+=($HMAC)
		;;
	staged)
		failing CALL=syncfs SIGNAL=9 -- "${options[@]}"
		options+=(--resume)
		;;
	halfway)
		mkdir -p out/bin out/csv out/keys
		failing CALL=rename AT=4 SIGNAL=9 -- "${options[@]}"
		options+=(--resume)
		;;
	restart)
		sed -i 's/d\([12]\),/old\1,/; s/same/else/' values.csv
		failing CALL=syncfs SIGNAL=9 -- "${options[@]}"
		sed -i 's/old\([12]\),/d\1,/; s/else/same/' values.csv
		options+=(--restart)
		;;
	esac
	find . -type f ! -path './out/*' | LC_ALL=C sort >"$LIB_DIR/inputs"
	# A tree that is thrown away or replaced may lose its keys.
	: >"$LIB_DIR/before"
	case $1 in
	overwrite | restart) ;;
	*) whole_keys >"$LIB_DIR/before" ;;
	esac
}

# The HMAC key files that the keys beside them do not derive from.
underived() {
	local name
	for name in out/keys/hmac-keys-*.bin; do
		name=${name##*/hmac-}
		mfg_gen generate-key --key_protect_hmac --kp_hmac_inputkey \
			"out/keys/hmac-$name" --keyfile k.bin --outdir \
			"$LIB_DIR/derived" >/dev/null
		cmp "$LIB_DIR/derived/keys/k.bin" "out/keys/$name" 2>&1
		rm -r "$LIB_DIR/derived"
	done
}

# What is wrong with a batch that has succeeded; nothing when all is well.
flaws() {
	[ "$status" -eq 0 ] || last_run
	if [ "$1" = hmac ]; then
		file_differences keys | grep -vx \
			'> keys/hmac-keys-P-d[12].bin'
		underived
	else
		file_differences keys
	fi
	wrong_images
	(cd out && sha256sum -c --quiet --strict SHA256SUMS-P 2>&1 &&
		[ "$(wc -l <SHA256SUMS-P)" -eq 6 ]) || echo "SHA256SUMS-P"
	[ "$(wc -l <m.csv)" -eq 3 ] || echo "m.csv is incomplete"
	[ "$(tail -n 1 values_created.csv | tr -d '\r')" = d2,2,same ] ||
		echo "values_created.csv is incomplete"
	# No temporary file stays, wherever it was.
	find . -type f ! -path './out/*' ! -name m.csv \
		! -name values_created.csv | LC_ALL=C sort |
		diff <(grep -v -e _created -e m.csv "$LIB_DIR/inputs") - |
		grep '^[<>]'
	changed_keys "$LIB_DIR/before"
}

# The run after the one that failed. With --restart it may have failed before
# the old batch was thrown away, or after: the new one may be begun by then.
complete_it() {
	if [ "$1" != restart ]; then
		batch "${options[@]}" --resume
		return
	fi
	options=("${options[@]/--restart/--resume}")
	batch "${options[@]}"
	[ "$status" -eq 0 ] || batch "${options[@]/--resume/--restart}"
}

# Each call takes a second or two all in all: without CHECK_LONG=1 it is every
# eighth one, beginning with another one in each check.
step=8
[ -z "${CHECK_LONG:-}" ] || step=1
round=0
total=0

# everywhere KIND CALLS EFFECT...: for each n, the n-th of these calls fails
# or kills so; then --resume. One check for all n.
everywhere() {
	local kind=$1 calls=$2 n said all='' tried=0
	shift 2
	for ((n = 1 + round++ % step; n <= 400; n += step)); do
		prepare "$kind"
		failing "CALL=$calls" "AT=$n" "$@" -- "${options[@]}"
		[ $hit = yes ] || break
		((tried += 1))
		said=
		if [ "$status" -eq 0 ]; then
			said=$(flaws "$kind")
		elif [[ $1 != SIGNAL=* ]] && { [ "$status" -ne 1 ] ||
			! grep -q 'error: ' "$ERR"; }; then
			said="it neither succeeds nor says why: $(last_run)"
		else
			case $kind in
			overwrite) ;;
			restart) whole_keys | grep -v old >"$LIB_DIR/before" ;;
			*)
				said+=$(changed_keys "$LIB_DIR/before")
				whole_keys >"$LIB_DIR/before"
				;;
			esac
			complete_it "$kind"
			said+=$(flaws "$kind")
		fi
		[ -z "$said" ] || all+="call $n: $(head -n 12 <<<"$said")"$'\n'
	done
	if [ "$n" -gt 400 ] || { [ "$step" -eq 1 ] && [ "$n" -eq 1 ]; }; then
		all+="there were $((n - 1)) such calls"
	fi
	((total += tried))
	is "$kind: $calls, $* at $tried calls" \
		"$(head -n 40 <<<"$all")" ""
}

for kind in new standing overwrite hmac staged halfway restart; do
	everywhere $kind change SIGNAL=9
	everywhere $kind write ERRNO=28 ALWAYS=1
done
everywhere standing change SIGNAL=9 LACKS=renameat2
for kind in standing halfway; do
	for call in open mkdir unlink rename fsync syncfs close readdir; do
		everywhere $kind $call ERRNO=5
	done
done
everywhere staged readdir ERRNO=0
for kind in staged halfway; do
	everywhere $kind open ERRNO=24
	everywhere $kind read ERRNO=5
done
# Each kind of call is met somewhere.
is "failures tried: $total" "$((total >= 1400 / step / 2))" 1
finish

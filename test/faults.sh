#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every call of a command that can fail does, one at a time, n = 1, 2, 3 ...
# until a run meets no failure: memory, open, read, write, sync, rename,
# close ... (test/preload/failio.c makes them fail). After each of them
#
#   - the run has failed with exit status 1 and one message, which has the
#     reason and names the file; or nothing is wrong: exit status 0, and the
#     same files and output as ever;
#   - every file has the bytes of before the run, or of after a whole one;
#     only what --resume takes up may be there besides;
#   - no message has a secret in it, and no memory is lost;
#   - run again, the command makes what it always makes.
#
# Batches that are killed are in batch_faults.sh.
#
#	CHECK_LONG=1	all n; without it a sample, another one in each run
#	SEED=N		repeat the sample of a run, which tells its own
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/batch/common.sh"
need_tools mfg_gen nvs_partition_gen factory_nvs_gen mfg_nvs
shopt -s nullglob dotglob

BEFORE=$LIB_DIR/before AFTER=$LIB_DIR/after HIT=$LIB_DIR/hit
TOLD=$LIB_DIR/told SPOOL=$LIB_DIR/tmp
mkdir "$BEFORE" "$AFTER" "$SPOOL"
export ASAN_OPTIONS="verify_asan_link_order=0:$ASAN_OPTIONS"

# What no message may say: it stands in all values, keys begin with the
# second one, and the others are the codes and salts that are given.
SECRETS=(hush 01020304 11122333 111-22-333 a5a5a5a5)

# With what a call fails, and what a message then has to say.
declare -A REASON=([4]="Interrupted system call" [5]="Input/output error"
	[11]="Resource temporarily unavailable" [12]=memory
	[13]="Permission denied" [24]="Too many open files"
	[28]="No space left on device" [30]="Read-only file system")

# Calls, the error they fail with, and: "for good" when all that follow fail
# too, "survived" when it is none for the run (0: less is done than asked
# for), "lacking CALL" where the file system does not have that call.
KINDS=(
	"memory 12"
	"memory 12 for good"
	"open 5"
	"open 13"
	"open 24"
	"open 24 for good"
	"open 30"
	"stat 5"
	"stat 13"
	"read 5"
	"read 4 survived"
	"read 0 survived"
	"write 5"
	"write 28"
	"write 28 for good"
	"write 4 survived"
	"write 0 survived"
	"fsync,syncfs 5"
	"fsync,syncfs 28"
	"close 5"
	"close 28"
	"mkdir 13"
	"mkdir 28"
	"rename 5"
	"rename 13"
	"rename 5 lacking renameat2"
	"unlink 5"
	"unlink 13"
	"unlink 5 lacking O_TMPFILE"
	"unlink 5 lacking renameat2"
	"ftruncate 5"
	"lseek 5"
	"readdir 5"
	"dup 24"
	"flock 5"
	"thread 11 survived"
	"random 5"
)

# ---- one run ----

# slurp VARIABLE FILE: without a process for it, of which there are many here
slurp() {
	IFS= read -r -d '' "$1" <"$2"
	printf -v "$1" '%s' "${!1%$'\n'}"
}

# attempt COMMAND...: under failio, as the variables say; standard input is
# a pipe from the file $piped, if there is one
calls='' at='' errno='' always='' lacks='' piped=''
said='' printed=''
attempt() {
	# shellcheck disable=SC2034 # for last_run
	last_command=$*
	status=0
	: >"$HIT"
	: >"$TOLD"
	if [ -n "$piped" ]; then
		exec 3< <(cat "$piped")
	else
		exec 3</dev/null
	fi
	LD_PRELOAD=$FAILIO FAILIO_CALL=$calls FAILIO_AT=$at \
		FAILIO_ERRNO=$errno FAILIO_ALWAYS=$always \
		FAILIO_LACKS=$lacks FAILIO_HIT=$HIT FAILIO_TOLD=$TOLD \
		FAILIO_RANDOM=1 FAILIO_SECONDS=60 TMPDIR=$SPOOL \
		"$@" >"$OUT" 2>"$ERR" <&3 || status=$?
	exec 3<&-
	slurp hit "$HIT"
	live='' changes=''
	read -r live changes <"$TOLD"
	slurp said "$ERR"
	slurp printed "$OUT"
}

# The same without a failure.
undisturbed() {
	calls='' at='' errno='' always='' lacks='' attempt "$@"
}

# ---- what stands there ----

# state NAME: into the associative array NAME, path -> SHA-256, of what is
# below the working directory
state() {
	local -n to=$1
	local sum path
	to=()
	while read -r sum path; do
		# shellcheck disable=SC2004,SC2034 # an associative array
		to[$path]=$sum
	done < <(find . -type d -printf 'directory %p\n' -o \
		-type f -exec sha256sum {} + -o -printf '%y %p\n')
}

declare -A before after now

copy_before() {
	local path
	now=()
	for path in "${!before[@]}"; do
		now[$path]=${before[$path]}
	done
}

# equals NAME: now is the same
equals() {
	local -n other=$1
	local path
	[ ${#now[@]} -eq ${#other[@]} ] || return
	for path in "${!other[@]}"; do
		[ "${now[$path]:-}" = "${other[$path]}" ] || return
	done
}

# What --resume takes up.
is_resumable() {
	[[ $1 = *.mfg_gen-P.partial* || $1 = */.factory_nvs_gen-P.plan ]]
}

# What is wrong with a run, a line each.
wrong=
blame() {
	wrong+=$1$'\n'
}

# Files that have neither the bytes of before nor of after; or are gone.
halves() {
	local path
	for path in "${!now[@]}"; do
		is_resumable "$path" ||
			[ "${now[$path]}" = "${before[$path]:-}" ] ||
			[ "${now[$path]}" = "${after[$path]:-directory}" ] ||
			blame "$path is neither as before nor as it should be"
	done
	for path in "${!before[@]}"; do
		is_resumable "$path" || [ -n "${now[$path]:-}" ] ||
			blame "$path is gone"
	done
	for path in "$SPOOL"/*; do
		[[ $said == *"'$path'"* ]] || blame "$path is left"
		rm -f "$path"
	done
}

restore() {
	find "$T" "$SPOOL" -mindepth 1 -delete
	cp -a "$BEFORE/." "$T"
}

# ---- what may be wrong ----

# Whether the message names the file that the call was for, or, where that
# is one of the run's own, the place it is in.
names_the_file() {
	local name=${hit##*[ /]} path place=
	case $hit in
	malloc* | calloc* | realloc* | mbedtls*) return 0 ;;
	esac
	for path in "${!after[@]}"; do
		[ "${path##*/}" != "$name" ] ||
			[ "${after[$path]}" = directory ] ||
			{ [[ $said == *"$name"* ]]; return; }
		[[ $said != *"'${path#./}"* ]] || place=$path
	done
	[ -n "$place" ] || [[ $said =~ \.partial|\.plan|$SPOOL|\'-\' ]]
}

check_message() {
	local errors=0 secret reason line
	while read -r line; do
		[[ $line != *"error: "* ]] || ((errors += 1))
	done <<<"$said"
	# What stays unreadable is missed wherever it is needed.
	[ "$errors" -eq 1 ] || { [ -n "$always" ] && [ "$errno" -ne 12 ] &&
		[ "$errors" -gt 1 ]; } || blame "$errors messages"
	reason=${REASON[$errno]}
	[[ $hit != mbedtls* ]] || reason=random
	[[ $said == *"$reason"* ]] || blame "no message says: $reason"
	names_the_file || blame "no message names the file"
	for secret in "${SECRETS[@]}"; do
		[[ $said != *"$secret"* ]] || blame "a message says $secret"
	done
}

# What was announced on stdout has to be there.
check_output() {
	local line path
	while read -r line; do
		read -r path <<<"${line#*===>}"
		[[ $line != *'===>'* ]] || [ -e "$path" ] ||
			blame "it is not there: $line"
	done <<<"$printed"
}

# A run that ended well in spite of the failure.
check_success() {
	case $hit in
	fsync* | syncfs* | "close O_WRONLY"*)
		blame "this failure has to be noticed"
		;;
	esac
	equals after || blame "exit status 0, but not the right files"
	[ -n "$survived" ] || ((harmless += 1))
	[ "$printed" = "$usual_output" ] ||
		blame "exit status 0, but another output"
}

check_run() {
	if [ "$status" -ge 99 ] || [[ $said =~ Sanitizer|runtime\ error: ]]; then
		blame "it crashed"
	elif [ "$status" -eq 0 ]; then
		check_success
	elif [ "$status" -ne 1 ] || [ -n "$survived" ]; then
		blame "exit status $status"
	else
		check_message
		check_output
	fi
	halves
	[ -n "$SAN" ] || [ "${live:-0}" -le "$usual_live" ] ||
		blame "$((live - usual_live)) blocks of memory are lost"
}

# The run after the one that failed.
check_rerun() {
	local path again=
	# A key is never replaced; here it belongs to the image that is there.
	! { [[ $hit == fsync* ]] && equals after; } || return
	for path in "${!now[@]}"; do
		! is_resumable "$path" || again=--resume
	done
	undisturbed "$@" $again
	[ "$status" -eq 0 ] || blame "run again, it fails: $said"
	state now
	equals after || blame "run again, it makes other files"
}

# ---- all of them ----

SAN=${SAN:-}
SEED=${SEED:-$RANDOM}
round=$SEED

# every KIND COMMAND...: one kind of failure, at each n
every() {
	local kind=$1 step=1 n met
	shift
	read -r calls errno how lacks <<<"$kind"
	# The sanitizer's own part in starting a thread can't do without.
	[[ $SAN != 1 || $calls != memory || "$*" != *"--jobs 2"* ]] || return 0
	always='' survived=''
	case $how in
	for) always=1 lacks= ;;
	survived) survived=1 ;;
	esac
	if [ -z "${CHECK_LONG:-}" ]; then
		case $calls in
		memory) step=$sparse ;;
		open | stat | read | close) step=16 ;;
		*) step=8 ;;
		esac
	fi
	round=$((round + 1))
	for ((n = 1 + round % step; n <= 9999; n += step)); do
		at=$n
		attempt "$@"
		[ -n "$hit" ] || break
		((tried += 1))
		# Nothing can have changed where nothing was called that does.
		if [ "$changes" = 0 ] && [ -z "${CHECK_LONG:-}" ]; then
			copy_before
		else
			state now
		fi
		met="$kind, call $n ($hit):"$'\n' wrong=
		check_run
		[ -z "$wrong" ] || met+=$(last_run)$'\n'
		if equals before; then
			# Run again, it is the undisturbed run.
			:
		else
			[ "$status" -eq 0 ] || check_rerun "$@"
			restore
		fi
		if [ -n "$wrong" ]; then
			((bad += 1))
			all+=$met$wrong
		fi
	done
	restore
}

# prepared SETUP COMMAND...: its inputs, what it makes of them, and says
prepared() {
	local setup=$1
	shift
	find "$T" "$BEFORE" -mindepth 1 -delete
	piped=
	$setup
	cp -a "$T/." "$BEFORE"
	state before
	undisturbed "$@"
	usual_output=$printed usual_live=${live:-0} usual_status=$status
	state after
	restore
}

# faults NAME SETUP COMMAND...: all kinds of failures in a command, whose
# inputs the function SETUP makes
total=0 worse=0
faults() {
	local name=$1 kind all='' tried=0 bad=0 harmless=0
	local usual_output usual_live usual_status
	shift
	prepared "$@"
	shift
	[ "$usual_status" -eq 0 ] || all=$(last_run)
	for kind in "${KINDS[@]}"; do
		every "$kind" "$@"
	done
	printf '# %s%s: %d faults, %d bad; %d of them did no harm\n' \
		"${CHECK_LONG:+note: }" "$name" "$tried" "$bad" "$harmless"
	((worse += bad))
	is "$name: $tried faults" "$(head -n 300 <<<"$all")" ""
	((total += tried))
}

# never NAME KIND SETUP COMMAND...: what once went wrong, at each n
never() {
	local name=$1 kind=$2 all='' tried=0 bad=0 harmless=0
	local usual_output usual_live usual_status
	shift 2
	prepared "$@"
	shift
	CHECK_LONG=1 every "$kind" "$@"
	[ "$tried" -gt 0 ] || all="nothing was tried"
	is "$name" "$(head -n 40 <<<"$all")" ""
	((total += tried, worse += bad))
}

none() {
	:
}

# ---- the inputs ----

config() {
	printf '%s\n' a,namespace, x,data,u16 t,data,string,REPEAT \
		h,data,hex2bin f,file,binary >conf.csv
	printf '%s\n' x,t,h,f 1,hush1,0102,f.bin 2,,0304,f.bin >values.csv
	echo hush >f.bin
}

one_device() {
	config
	sed -i 3d values.csv
}

from_pipe() {
	config
	mv values.csv "$LIB_DIR"
	piped=$LIB_DIR/values.csv
}

# An older batch of the same names.
older() {
	config
	sed -i s/hush1/hush2/ values.csv
	mfg_gen generate conf.csv values.csv P 0x3000 --outdir out >"$OUT"
	config
}

# killed_at CALL N: the batch with --keygen
killed_at() {
	# shellcheck disable=SC2086 # lists of words
	{ LD_PRELOAD=$FAILIO FAILIO_CALL=$1 FAILIO_AT=$2 FAILIO_SIGNAL=9 \
		$mfg $keygen; } >"$OUT" 2>&1
}

# A batch that was killed before it published; its key is a random one.
stopped_batch() {
	one_device
	killed_at syncfs 1
}

# One that was killed when its keys and its CSV were in place.
half_published() {
	one_device
	mkdir -p out/bin out/csv out/keys
	killed_at rename 4
}

input_csv() {
	printf '%s\n' key,type,encoding,value a,namespace,, x,data,u16,1 \
		t,data,string,hush f,file,binary,f.bin \
		b,data,base64,aHVzaA== >in.csv
	echo hush >f.bin
	make_key key.bin
	repeat 32 k >hmac.bin
	cp "$ROOT/samples/partitions.csv" .
}

encrypted() {
	input_csv
	nvs_partition_gen encrypt in.csv secret.bin 0x3000 --inputkey key.bin \
		>"$OUT" 2>&1
}

accessory() {
	input_csv
	cp "$ROOT/samples/accessory_own.csv" own.csv
}

accessories() {
	printf '%s\n' setup_code,setup_id,salt,sn \
		11122333,ES32,a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5,N1 >setups.csv
	make_key key.bin
}

project() {
	cp -r "$ROOT/samples/esp-at" at
}

# ---- the commands ----

# Memory is asked for some hundred times, for big numbers thousands of times.
sparse=40 often=400
mfg="mfg_gen generate conf.csv values.csv P 0x3000 --outdir out --jobs 1"
keygen="--keygen --key_protect_hmac --kp_hmac_keygen"
nvs=nvs_partition_gen
encrypt="$nvs encrypt in.csv out.bin 0x3000 --outdir out --keygen \
--keyfile k.bin --key_protect_hmac --kp_hmac_keygen --kp_hmac_keyfile h.bin"
hmac="--key_protect_hmac --kp_hmac_inputkey hmac.bin"
accessories="factory_nvs_gen batch --qr --outdir out --jobs 1 P"
# shellcheck disable=SC2086 # lists of words
{
	faults "mfg_gen generate" config $mfg --manifest m.csv --sha256sums
	faults "mfg_gen generate --overwrite" older $mfg --overwrite
	faults "mfg_gen generate --keygen" one_device $mfg $keygen
	faults "mfg_gen generate --resume" stopped_batch $mfg $keygen --resume
	faults "mfg_gen generate --resume, half published" half_published \
		$mfg $keygen --resume
	faults "mfg_gen generate, table from a pipe" from_pipe \
		${mfg/values.csv/-}
	faults "mfg_gen generate, two threads" config ${mfg/jobs 1/jobs 2}
	faults "mfg_gen generate-key" none mfg_gen generate-key --keyfile k.bin
	faults "$nvs generate" input_csv $nvs generate in.csv out.bin fctry \
		--partition-table partitions.csv --outdir out
	faults "$nvs encrypt --keygen" input_csv $encrypt
	faults "$nvs encrypt --inputkey" input_csv \
		$nvs encrypt in.csv out.bin 0x3000 --inputkey key.bin
	faults "$nvs decrypt" encrypted \
		$nvs decrypt secret.bin key.bin out.bin --outdir out
	faults "$nvs generate-key" input_csv \
		$nvs generate-key --keyfile k.bin $hmac
	faults "mfg_nvs" project mfg_nvs --project_path at --outdir out
	sparse=$often
	faults "factory_nvs_gen" accessory factory_nvs_gen 11122333 ES32 fan \
		--salt a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5 --infile own.csv \
		--encrypt true --keygen true --keyfile k.bin --outdir out
	faults "factory_nvs_gen batch --count" none $accessories --count 2
	faults "factory_nvs_gen batch --values" accessories $accessories \
		--values setups.csv --fileid sn --encrypt true \
		--keyfile key.bin

	never "encrypt that fails leaves no key behind" "rename 5" \
		input_csv $encrypt
	never "generate-key that can't sync leaves no key behind" "fsync 5" \
		none mfg_gen generate-key --keyfile k.bin ${keygen#* }
	never "a key is not lost when it can't be read" "open 24 for good" \
		stopped_batch $mfg $keygen --resume
	never "a batch is not thrown away when it can't be read" "pread 5" \
		stopped_batch $mfg $keygen --resume
	never "a move by a link is taken back when it fails" \
		"unlink 5 lacking renameat2" none \
		mfg_gen generate-key --keyfile k.bin
	never "no temporary table is left" "unlink 5 lacking O_TMPFILE" \
		none $accessories --count 1
	never "JSON is not called malformed for want of memory" "malloc 12" \
		project mfg_nvs --project_path at --outdir out
	never "a directory that can't be looked at is not missing" "stat 5" \
		project mfg_nvs --project_path at --outdir out
	never "a hash says that memory ran out" "calloc 12" \
		input_csv $nvs generate-key --keyfile k.bin $hmac
	never "a seed says that memory ran out" "memory 12" \
		none mfg_gen generate-key --keyfile k.bin
}
printf '# note: %d faults, %d bad (SEED=%d)\n' "$total" "$worse" "$SEED"
finish

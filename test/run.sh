#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [NAME...] - run the tests that were built, or those named.
#
#	test_page              a test program
#	fuzz_csv               the recorded inputs of a fuzz target
#	golden                 the recorded cases of test/golden
#	golden/mfg-crlf-input  one of them
#	faults                 a shell test (test/faults.sh)
#
# Independent tests run side by side; each prints one line, the failing ones
# their failures and the command that repeats them. The last line is
# "N passed, M failed"; the exit status is 0 only when something ran and
# nothing failed. What a test says in lines "# note: ..." is shown.
#
# From the environment: BUILD (default build), SAN as given to make, JOBS
# (default the number of processors), TESTS the directory of the tests.

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build} SAN=${SAN:-} TESTS=${TESTS:-test}
JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
LOGS=$BUILD/check
TOOLS="mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs"
export BUILD

# ---- what there is: one line per test, "name" ----

# Directories of recorded cases; a test is DIR/TOOL.
CASE_DIRS="golden golden-errors golden-homekit golden-at"

list_tests() {
	local file dir tool

	for dir in $CASE_DIRS; do
		for tool in $TOOLS; do
			[ -d "$TESTS/$dir" ] && [ -x "$BUILD/$tool" ] &&
				grep -qsF "\"$tool\"" "$TESTS/$dir"/*/cmd.json &&
				echo "$dir/$tool"
		done
	done
	for file in "$TESTS"/test_*.c; do
		file=$BUILD/test/$(basename "$file" .c)
		[ -x "$file" ] && basename "$file"
	done
	for file in "$TESTS"/fuzz/fuzz_*.c; do
		file=$BUILD/test/$(basename "$file" .c)
		[ -x "$file" ] && basename "$file"
	done
	for file in "$TESTS"/*.sh; do
		case $file in
		*/run.sh | */lib.sh) continue ;;
		esac
		[ -f "$file" ] && basename "$file" .sh
	done
}

# The tests that a name of the command line stands for.
select_tests() {
	local wanted=${1#test/} dir

	wanted=${wanted%.sh}
	wanted=${wanted%.c}
	dir=${wanted%%/*}
	if [ "$dir" != "$wanted" ] && [ -d "$TESTS/$wanted" ]; then
		echo "$wanted"
	elif list_tests | grep -qxF -e "$wanted"; then
		echo "$wanted"
	else
		list_tests | grep -F -e "$wanted/" | grep "^$dir/"
	fi
}

# ---- running ----

# The command that runs a test, as words in the array "command".
set_command() {
	local name=$1 dir=${1%%/*} rest=${1#*/}

	if [ "$dir" != "$name" ] && [ -d "$TESTS/$name" ]; then
		command=("$BUILD/test/golden" "$TESTS/$dir"
			--bin-dir "$BUILD" "$rest")
	elif [ "$dir" != "$name" ]; then
		command=("$BUILD/test/golden" "$TESTS/$dir"
			--bin-dir "$BUILD" --tool "$rest")
	elif [ -f "$TESTS/$name.sh" ]; then
		command=(bash "$TESTS/$name.sh")
	else
		command=("$BUILD/test/$name")
	fi
}

# Run one test in the background: log, status and seconds into files.
start() {
	local name=$1 log=$LOGS/${1//\//__} from
	local -a command
	set_command "$name"
	(
		from=$(date +%s%N)
		CMOCKA_MESSAGE_OUTPUT=TAP "${command[@]}" \
			>"$log.log" 2>&1 </dev/null
		echo $? >"$log.status"
		echo $((($(date +%s%N) - from) / 10000000)) >"$log.time"
	) &
}

# Passed and failed checks in a log: TAP lines, or golden's summary.
count() {
	local name=$1 log=$2

	if [ "${name%%/*}" != "$name" ]; then
		awk '/^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3 }
			END { print p + 0, f + 0 }' "$log"
	else
		awk '/# SKIP/ { next }
			/^ok( |$)/ { p++ }
			/^not ok( |$)/ { f++ }
			END { print p + 0, f + 0 }' "$log"
	fi
}

# Whether there are fewer or more checks than the plans ("1..N") say.
off_plan() {
	[ "${1%%/*}" = "$1" ] &&
		awk '/^(not )?ok( |$)/ { n++ }
			/^1\.\.[0-9]+$/ { p += substr($0, 4); plans++ }
			END { exit plans && n == p }' "$2"
}

seconds() {
	printf '%d.%02d s' $(($1 / 100)) $(($1 % 100))
}

# The lines of a failing test worth seeing: all but those of what passed.
# Comments stand behind the check they belong to; sanitizers print anything.
show_failures() {
	local name=$1 log=$2 lines

	if [ "${name%%/*}" != "$name" ]; then
		lines=$(grep -vE '^[0-9]+ passed, ' "$log")
	elif grep -q '^not ok' "$log"; then
		lines=$(grep -vE '^(ok |1\.\.|# ok|# skipped)' "$log")
	else
		lines=$(tail -n 30 "$log")
	fi
	head -n 100 <<<"$lines" | sed 's/^/    /'
	[ "$(wc -l <<<"$lines")" -le 100 ] || echo "    ... all of it: $log"
}

report() {
	local name=$1 log=$LOGS/${1//\//__} p f status time note=
	[ -f "$log.status" ] || echo 125 >"$log.status"
	[ -f "$log.time" ] || echo 0 >"$log.time"
	read -r status <"$log.status"
	read -r time <"$log.time"
	read -r p f <<<"$(count "$name" "$log.log")"
	# A program that died, or failed without saying in what.
	if [ "$f" -eq 0 ] && [ "$status" -ne 0 ]; then
		f=1 note="exit status $status"
	elif [ "$status" -eq 0 ] && [ "$f" -ne 0 ]; then
		note="exit status 0 in spite of failures"
	elif off_plan "$name" "$log.log"; then
		f=$((f + 1)) note="not as many checks as it announced"
	elif [ $((p + f)) -eq 0 ] && ! grep -q '^# skipped' "$log.log"; then
		f=1 note="checked nothing"
	fi
	passed=$((passed + p)) failed=$((failed + f))
	if [ "$f" -eq 0 ]; then
		printf '%-32s %5d passed %13s\n' "$name" "$p" "$(seconds "$time")"
	else
		printf '%-32s %5d passed, %d FAILED %s\n' "$name" "$p" "$f" \
			"${note:+($note)}"
		show_failures "$name" "$log.log"
		printf '    repeat: make check%s T=%s\n' "${SAN:+ SAN=$SAN}" \
			"$name"
	fi
	grep -E '^# (skipped|note)' "$log.log" | sed 's/^# /    /'
}

tests=()
if [ $# -eq 0 ]; then
	mapfile -t tests < <(list_tests)
else
	for wanted; do
		mapfile -t -O ${#tests[@]} tests < <(select_tests "$wanted")
	done
fi
if [ ${#tests[@]} -eq 0 ]; then
	echo "there is no such test${1:+: $1}; these can be named:"
	list_tests | sed 's/^/  /'
	echo "0 passed, 0 failed"
	exit 1
fi

mkdir -p "$LOGS" || exit 1
rm -f "$LOGS"/*.log "$LOGS"/*.status "$LOGS"/*.time
passed=0 failed=0 running=0 shown=0

# Results appear in the order of the list, as soon as they are there.
show_finished() {
	while [ "$shown" -lt ${#tests[@]} ]; do
		local name=${tests[$shown]}
		[ "$1" = all ] || [ -s "$LOGS/${name//\//__}.time" ] || return
		report "$name"
		shown=$((shown + 1))
	done
}

for name in "${tests[@]}"; do
	if [ "$running" -ge "$JOBS" ]; then
		wait -n
		running=$((running - 1))
		show_finished some
	fi
	start "$name"
	running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
	wait -n
	running=$((running - 1))
	show_finished some
done
wait
show_finished all
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

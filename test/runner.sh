#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The runners themselves: golden has to fail on every kind of wrong outcome,
# run.sh has to count right. A runner that never fails would make all of the
# other tests worthless.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# ---- golden: the "tool" runs its first argument as a shell script ----

mkdir bin cases "$LIB_DIR/tmp"
export TMPDIR=$LIB_DIR/tmp
cat >bin/tool <<'EOF'
#!/bin/sh
eval "$1"
EOF
cp bin/tool bin/other
chmod +x bin/*

# a_case NAME REST SCRIPT: REST are further members of cmd.json
a_case() {
	rm -rf "cases/$1"
	mkdir -p "cases/$1/in/sub"
	printf 'abc' >"cases/$1/in/a.txt"
	printf 'def' >"cases/$1/in/sub/v.csv"
	printf '{"tool": "tool", "args": ["%s", "sub/v.csv"]%s}\n' "$3" \
		"$2" >"cases/$1/cmd.json"
}

# good NAME REST SCRIPT: out/ has d/one.bin and two.txt
a_good() {
	a_case "$@"
	mkdir -p "cases/$1/expect/d"
	printf '1234' >"cases/$1/expect/d/one.bin"
	printf '2' >"cases/$1/expect/two.txt"
}

GOOD='mkdir -p ../out/d; printf 1234 >../out/d/one.bin; printf 2 >../out/two.txt'

golden() {
	try "$BUILD/test/golden" cases --bin-dir bin --timeout 20 "$@"
}

# passes NAME: that case alone passes
passes() {
	golden "$1"
	is "golden passes: $1" "$status $(cat "$OUT")" "0 1 passed, 0 failed"
}

# catches NAME TEXT...: that case alone fails and the reason is said
catches() {
	local name=$1
	shift
	golden "$name"
	if [ "$status" -ne 1 ] || [ "$(tail -n1 "$OUT")" != \
		"0 passed, 1 failed" ] || ! grep -q "^FAIL $name: " "$OUT"; then
		fail "golden catches: $name" "$(last_run)"
		return
	fi
	prints "golden catches: $name" "$@"
}

a_good right '' "$GOOD"
passes right
ok "a passing case leaves nothing behind" test ! -e cases/right/out
a_good wrong-byte '' "$GOOD; printf 1235 >../out/d/one.bin"
catches wrong-byte "differs: d/one.bin" "offset 0x3 (35, expected 34)"
a_good too-short '' "$GOOD; printf 123 >../out/d/one.bin"
catches too-short "d/one.bin: 3 bytes, expected 4"
a_good too-long '' "$GOOD; printf 12345 >../out/d/one.bin"
catches too-long "d/one.bin: 5 bytes, expected 4"
a_good file-missing '' "$GOOD; rm ../out/two.txt"
catches file-missing "missing two.txt"
a_good file-added '' "$GOOD; touch ../out/three"
catches file-added "unexpected three"
a_good folder-added '' "$GOOD; mkdir ../out/empty"
catches folder-added "unexpected empty/"
a_good hidden-added '' "$GOOD; touch ../out/.partial"
catches hidden-added "unexpected .partial"
a_good link-for-file '' \
	"$GOOD; mv ../out/two.txt x; ln -s ../in/x ../out/two.txt"
catches link-for-file "two.txt is not a plain file"
a_good file-for-folder '' 'mkdir ../out; touch ../out/d; printf 2 >../out/two.txt'
catches file-for-folder "missing d/"
a_good status '' "$GOOD; echo woe >&2; exit 1"
catches status "exit status 1: woe"
a_good crash '' "$GOOD; kill -SEGV \$\$"
catches crash "crashed (signal 11"
a_good crash-in-shell '' "$GOOD; exit 139"
catches crash-in-shell "crashed (status 139)"
a_good sanitizer '' "$GOOD; echo ERROR: AddressSanitizer: heap >&2"
catches sanitizer 'stderr has "AddressSanitizer"'
a_good undefined '' "$GOOD; echo x.c:1:2: runtime error: shift >&2"
catches undefined 'stderr has "runtime error:"'
a_good input-changed '' "$GOOD; echo >>a.txt"
catches input-changed "input a.txt was changed"
a_good input-gone '' "$GOOD; rm a.txt"
catches input-gone "input a.txt is gone"
a_good input-added '' "$GOOD; touch sub/v_tmp.csv"
catches input-added "written among the inputs: sub/v_tmp.csv"
a_good stray '' "$GOOD; touch ../stray"
catches stray "written outside out/: stray"
a_good stray-further '' "$GOOD; mkdir ../../stray"
catches stray-further "written outside out/: stray"
a_good no-expect '' "$GOOD"
rm -r cases/no-expect/expect
catches no-expect "no expect/"
a_good five-flaws '' 'echo >>a.txt; mkdir ../out ../x; touch ../out/3 y; exit 3'
catches five-flaws "exit status 3: (no output)" "(and 4 more)"
a_case not-json '' ''
echo '{"tool": "tool"' >cases/not-json/cmd.json
catches not-json "cmd.json"
a_case no-args '' ''
echo '{"tool": "tool"}' >cases/no-args/cmd.json
catches no-args "cmd.json"
a_good no-tool '' "$GOOD"
sed -i 's/"tool": "tool"/"tool": "absent"/' cases/no-tool/cmd.json
catches no-tool "cannot run" "bin/absent"

# the expanded table
a_good expanded '' "$GOOD; printf x,y >sub/v_created.csv"
printf 'x,y' >cases/expanded/expanded.csv
passes expanded
a_good expanded-missing '' "$GOOD"
printf 'x,y' >cases/expanded-missing/expanded.csv
catches expanded-missing "no <values>_created.csv"
a_good expanded-wrong '' "$GOOD; printf x,z >sub/v_created.csv"
printf 'x,y' >cases/expanded-wrong/expanded.csv
catches expanded-wrong "differs: sub/v_created.csv"
a_good expanded-surplus '' "$GOOD; printf x,y >sub/v_created.csv"
catches expanded-surplus "written among the inputs: sub/v_created.csv"

# only paths and sizes
SHAPE=', "shape_only": true'
a_case shape "$SHAPE" "$GOOD"
printf 'd/one.bin 4\ntwo.txt 1\n' >cases/shape/expect.txt
passes shape
a_case shape-size "$SHAPE" "$GOOD; printf 12 >../out/two.txt"
printf 'd/one.bin 4\ntwo.txt 1\n' >cases/shape-size/expect.txt
catches shape-size "two.txt: size 2, expected 1"
a_case shape-missing "$SHAPE" "$GOOD; rm ../out/two.txt"
printf 'd/one.bin 4\ntwo.txt 1\n' >cases/shape-missing/expect.txt
catches shape-missing "missing two.txt"
a_case shape-added "$SHAPE" "$GOOD; touch ../out/d/more"
printf 'd/one.bin 4\ntwo.txt 1\n' >cases/shape-added/expect.txt
catches shape-added "1 files more"

# error cases
WANT=', "must_mention": ["v.csv", "3", "Serial"]'
a_case error "$WANT" 'echo V.CSV:3: error: serial >&2; exit 1'
passes error
a_case error-unmentioned "$WANT" 'echo v.csv:3: error: the key >&2; exit 1'
catches error-unmentioned "does not mention Serial"
a_case error-number "$WANT" 'echo v.csv:13: serial 30, 0x3000 >&2; exit 1'
catches error-number "does not mention 3"
a_case error-hex ', "must_mention": ["0x3000"]' 'echo 0X3000 >&2; exit 1'
passes error-hex
a_case error-stdout "$WANT" 'echo v.csv:3: serial; exit 1'
catches error-stdout "nothing on stderr"
a_case error-status "$WANT" 'echo v.csv:3: serial >&2'
catches error-status "exit status 0 for wrong input"
a_case error-crash "$WANT" 'echo v.csv:3: serial >&2; kill -ABRT $$'
catches error-crash "crashed (signal 6"
a_case error-output "$WANT" \
	'echo v.csv:3: serial >&2; mkdir ../out; touch ../out/x; exit 1'
catches error-output "unexpected x"
a_case error-folder "$WANT" 'echo v.csv:3: serial >&2; mkdir -p ../out/bin; exit 1'
catches error-folder "unexpected bin/"
a_case error-input "$WANT" 'echo v.csv:3: serial >&2; rm a.txt; exit 1'
catches error-input "input a.txt is gone"
a_case error-created "$WANT" \
	'echo v.csv:3: serial >&2; touch sub/v_created.csv; exit 1'
catches error-created "written among the inputs"
a_case pre-kept "$WANT" 'echo v.csv:3: serial >&2; exit 1'
mkdir cases/pre-kept/pre_out
echo old >cases/pre-kept/pre_out/old.bin
passes pre-kept
a_case pre-changed "$WANT" \
	'echo v.csv:3: serial >&2; echo new >../out/old.bin; exit 1'
cp -r cases/pre-kept/pre_out cases/pre-changed
catches pre-changed "differs: old.bin"
a_case pre-removed "$WANT" 'echo v.csv:3: serial >&2; rm -r ../out; exit 1'
cp -r cases/pre-kept/pre_out cases/pre-removed
catches pre-removed "missing old.bin"

a_good hang '' 'sleep 30'
try "$BUILD/test/golden" cases --bin-dir bin --timeout 1 hang
prints "golden ends a command that hangs" "FAIL hang: no end within 1 s" \
	"0 passed, 1 failed"

# several at once, by tool, and none at all
rm -r cases && mkdir cases
for n in 1 2 3 4 5 6 7; do a_good "right-$n" '' "$GOOD"; done
a_good wrong '' "$GOOD; rm ../out/two.txt"
a_good others '' "$GOOD"
sed -i 's/"tool": "tool"/"tool": "other"/' cases/others/cmd.json
golden
is "golden counts" "$status $(tail -n1 "$OUT")" "1 8 passed, 1 failed"
prints "golden repeats a failing case by hand" \
	"repeat: $BUILD/test/golden cases --bin-dir bin wrong"
golden --jobs 1
is "golden counts the same one by one" "$(tail -n1 "$OUT")" "8 passed, 1 failed"
golden --tool other
is "golden --tool" "$status $(cat "$OUT")" "0 1 passed, 0 failed"
golden --tool nobody
is "golden without a case fails" "$status $(cat "$OUT")" "1 0 passed, 0 failed"
golden absent
is "golden with an unknown case fails" "$status" 1
tree_is "golden removes its scratch directories" "$TMPDIR"

# ---- run.sh: programs and shell tests that end in every way ----

mkdir -p build/test tests
cp "$ROOT/test/lib.sh" tests

program() {
	{
		echo '#!/bin/sh'
		cat
	} >"build/test/test_$1"
	chmod +x "build/test/test_$1"
	touch "tests/test_$1.c"
}

run_sh() {
	BUILD=$T/build TESTS=$T/tests SAN='' JOBS=2 try "$ROOT/test/run.sh" "$@"
}

# counts NAME STATUS SUMMARY [TEXT...]: what run.sh says of that test alone
counts() {
	local name=$1 wanted="$2 $3"
	shift 3
	run_sh "$name"
	if [ "$status $(tail -n1 "$OUT")" != "$wanted" ]; then
		fail "run.sh counts: $name" "expected: $wanted" "$(last_run)"
	else
		prints "run.sh counts: $name" "$name" "$@"
	fi
}

program good <<'E2'
printf '1..2\nok 1 - a\nok 2 - b\n# ok - group\n1..1\nok 1 - c\n'
E2
counts test_good 0 "3 passed, 0 failed"
program bad <<'E2'
printf '1..3\nok 1 - a\nnot ok 2 - b\n# x.c:7: error: 1 != 2\nok 3 - c\n'
exit 1
E2
counts test_bad 1 "2 passed, 1 failed" "not ok 2 - b" "x.c:7" \
	"make check T=test_bad"
program skipping <<'E2'
printf '1..2\nok 1 - a\nnot ok 2 # SKIP b\n'
E2
counts test_skipping 0 "1 passed, 0 failed"
program dead <<'E2'
printf '1..3\nok 1 - a\n'
kill -SEGV $$
E2
counts test_dead 1 "1 passed, 1 failed" "exit status 139"
program leaky <<'E2'
printf '1..1\nok 1 - a\n'
echo 'ERROR: LeakSanitizer: detected memory leaks' >&2
exit 99
E2
counts test_leaky 1 "1 passed, 1 failed" "LeakSanitizer"
program early <<'E2'
printf '1..3\nok 1 - a\n'
E2
counts test_early 1 "1 passed, 1 failed" "announced"
program mute <<'E2'
exit 0
E2
counts test_mute 1 "0 passed, 1 failed"
program liar <<'E2'
printf '1..1\nnot ok 1 - a\n'
E2
counts test_liar 1 "0 passed, 1 failed" "in spite"

cat >tests/shell-good.sh <<'E2'
. "$(dirname "$0")/lib.sh"
try echo hello
succeeds one
prints two hello
finish
E2
counts shell-good 0 "2 passed, 0 failed"
cat >tests/shell-bad.sh <<'E2'
. "$(dirname "$0")/lib.sh"
is one 1 1
is two 1 2
finish
E2
counts shell-bad 1 "1 passed, 1 failed" "not ok - two" "expected: 2"
cat >tests/shell-early.sh <<'E2'
. "$(dirname "$0")/lib.sh"
is one 1 1
exit 0
E2
counts shell-early 1 "1 passed, 1 failed"
cat >tests/shell-syntax.sh <<'E2'
. "$(dirname "$0")/lib.sh"
is one 1 1
if
E2
counts shell-syntax 1 "1 passed, 1 failed"
cat >tests/shell-skip.sh <<'E2'
. "$(dirname "$0")/lib.sh"
need_tools no_such_tool
is one 1 1
finish
E2
run_sh shell-skip shell-good
is "run.sh: a skipped test is no failure" "$status $(tail -n1 "$OUT")" \
	"0 2 passed, 0 failed"
prints "run.sh says what was skipped" "skipped: no_such_tool was not built"
cat >tests/shell-note.sh <<'E2'
. "$(dirname "$0")/lib.sh"
is one 1 1
echo "# note: 7 of them"
finish
E2
run_sh shell-note
prints "run.sh shows what a test notes" "    note: 7 of them"
run_sh shell-skip
is "run.sh: nothing but skipped is a failure" "$status $(tail -n1 "$OUT")" \
	"1 0 passed, 0 failed"

# recorded cases: only those whose tool was built
mkdir -p tests/golden
cp "$BUILD/test/golden" build/test/
cp bin/tool build/mfg_gen
rm -r cases && mkdir cases
a_good right '' "$GOOD"
a_good wrong '' "$GOOD; rm ../out/two.txt"
sed -i 's/"tool": "tool"/"tool": "mfg_gen"/' cases/*/cmd.json
a_good unbuilt '' "$GOOD"
sed -i 's/"tool": "tool"/"tool": "nvs_tool"/' cases/unbuilt/cmd.json
cp -r cases/* tests/golden
counts golden 1 "1 passed, 1 failed" "FAIL wrong: missing two.txt"
run_sh golden/right
is "run.sh runs one recorded case" "$status $(tail -n1 "$OUT")" \
	"0 1 passed, 0 failed"
run_sh golden/mfg_gen
is "run.sh runs the cases of one tool" "$status $(tail -n1 "$OUT")" \
	"1 1 passed, 1 failed"

run_sh test_good shell-good.sh test/test_skipping.c
is "run.sh runs several, named as files too" "$status $(tail -n1 "$OUT")" \
	"0 6 passed, 0 failed"
rm tests/test_good.c
run_sh test_good
is "run.sh does not run what has no source any more" \
	"$status $(tail -n1 "$OUT")" "1 0 passed, 0 failed"
touch tests/test_good.c
run_sh nonsense
is "run.sh: an unknown name is a failure" "$status $(tail -n1 "$OUT")" \
	"1 0 passed, 0 failed"
prints "run.sh lists what can be named" test_good shell-good golden/mfg_gen
run_sh
is "run.sh runs all" "$status $(tail -n1 "$OUT")" "1 16 passed, 10 failed"

# ---- lib.sh: its checks can fail ----

# fails CHECK...: that check of lib.sh fails here
fails() {
	local said
	if said=$(
		failures=0
		"$@"
		[ "$failures" -eq 1 ]
	) && [[ $said == "not ok - "* ]]; then
		pass "lib.sh can fail: $*"
	else
		fail "lib.sh can fail: $*" "$said"
	fi
}

fails is x 1 2
fails ok x false
fails not_ok x true
fails same x bin/tool build/test/test_good
fails tree_is x bin tool
fails refuses x 1 -- true
fails refuses x 1 word -- sh -c 'echo other >&2; exit 1'
fails refuses x 1 word -- sh -c 'echo word >&2; touch new; exit 1'
fails refuses x 1 word -- sh -c 'echo word; echo >>bin/tool; exit 1'
fails refuses x 1 word -- sh -c 'echo word >&2; kill -SEGV $$'
try false
fails succeeds x
fails refused x 2
fails says x word
fails prints x word
finish

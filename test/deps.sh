#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tools/install-deps.sh: asks apt-get only where something is missing, as root
# or through sudo, and says what to do where it cannot. The machine's own
# apt-get is never called: PATH leads to stand-ins.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

SCRIPT=$ROOT/tools/install-deps.sh
mkdir bin
for program in cat cmp awk find env grep ln sed sh make touch; do
	ln -s "$(command -v $program)" bin
done

stand_in() {
	cat >"bin/$1"
	chmod +x "bin/$1"
}

# A compiler that finds the header named in the file "lacking" nowhere, until
# apt-get has been at work.
stand_in cc <<'EOF'
#!/bin/sh
source=$(cat)
[ -e installed ] && exit 0
while read -r header; do
	case $source in *"<$header>"*) exit 1 ;; esac
done <lacking
exit 0
EOF
stand_in pkg-config <<'EOF'
#!/bin/sh
echo -lsomething
EOF
stand_in parallel <<'EOF'
#!/bin/sh
echo GNU parallel 20221122
EOF
stand_in zbarimg </dev/null
# Answers as the files "install" and "update" say: a status per call.
stand_in apt-get <<'EOF'
#!/bin/sh
case $* in *dpkg-dev*)
	for program in dpkg-shlibdeps dpkg-source gzip; do
		ln -s /bin/true bin/$program
	done
	;;
esac
echo "$DEBIAN_FRONTEND: $*" >>apt.log
for word; do
	case $word in install | update) break ;; esac
done
status=$(sed -n 1p "$word.status")
sed -i 1d "$word.status"
[ "$word" = install ] && [ "${status:-0}" -eq 0 ] && touch installed
exit "${status:-0}"
EOF
stand_in id <<'EOF'
#!/bin/sh
cat uid
EOF

# fresh HEADER...: a machine that lacks these
fresh() {
	rm -f installed apt.log sudo.log bin/sudo bin/dpkg-* bin/gzip
	: >install.status
	: >update.status
	printf '%s\n' "$@" >lacking
	echo 0 >uid
}

deps() {
	PATH=$T/bin CC=cc try_plain "$SCRIPT" "$@"
}

# timeout is not in the PATH of the stand-ins
try_plain() {
	last_command=$*
	status=0
	"$@" >"$OUT" 2>"$ERR" </dev/null || status=$?
}

asked() {
	[ ! -e apt.log ] || cat apt.log
}

INSTALL='noninteractive: -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends'
UPDATE='noninteractive: -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 update'

fresh none
deps
succeeds "all there: nothing to do"
is "all there: apt-get is not asked" "$(asked)" ""
is "all there: silent" "$(cat "$OUT" "$ERR")" ""

fresh csv.h
deps
succeeds "a library is missing: installed"
is "only the missing one is installed" "$(asked)" "$INSTALL libcsv-dev"

fresh none
mv bin/parallel kept
stand_in parallel <<'EOF'
#!/bin/sh
[ ! -e installed ] || echo GNU parallel 20221122
EOF
deps
succeeds "another program called parallel: GNU's is installed"
is "another program called parallel" "$(asked)" "$INSTALL parallel"
mv kept bin/parallel

fresh csv.h mbedtls/aes.h cmocka.h
echo 100 >install.status
deps
succeeds "no package lists: fetched, then installed"
is "no package lists: install, update, install" "$(asked)" \
	"$INSTALL libcsv-dev libmbedtls-dev libcmocka-dev
$UPDATE
$INSTALL libcsv-dev libmbedtls-dev libcmocka-dev"

fresh csv.h
echo 100 >install.status
echo 100 >update.status
deps
succeeds "a failing update is tried again"
is "a failing update is tried again: once" "$(asked | grep -c update)" 2

fresh csv.h
printf '100\n100\n' >install.status
printf '100\n100\n' >update.status
deps
refused "no network: what to install is said" 1 "apt-get update failed" \
	"libcsv-dev"

fresh csv.h
printf '100\n100\n' >install.status
deps
refused "no such package: what to install is said" 1 \
	"could not install" "libcsv-dev"

fresh csv.h
stand_in cc-keeps-failing <<'EOF'
#!/bin/sh
case $(cat) in *csv.h*) exit 1 ;; esac
EOF
PATH=$T/bin CC=cc-keeps-failing try_plain "$SCRIPT"
refused "installed but unusable is an error" 1 "not usable" "libcsv-dev"

fresh cmocka.h
deps --build-only
succeeds "--build-only: what only tests need is not looked for"
is "--build-only: apt-get is not asked" "$(asked)" ""

fresh none
deps --deb
succeeds "--deb: what packages need is looked for"
is "--deb: and installed, once" "$(asked)" "$INSTALL dpkg-dev gzip"
fresh none
deps --static
succeeds "--static: what static executables need is looked for"
is "--static: and installed" "$(asked)" "$INSTALL dpkg-dev"

fresh none
deps --fuzz
refused "--fuzz: clang and its runtime are looked for" 1 "not usable"
is "--fuzz: clang and its runtime are installed" "$(asked)" \
	"$INSTALL clang libclang-rt-dev llvm"

fresh none
stand_in clang <<'EOF'
#!/bin/sh
case $* in *-fsanitize=fuzzer*) [ -e installed ] ;; esac
EOF
stand_in llvm-cov </dev/null
deps --fuzz
succeeds "--fuzz: clang without libFuzzer"
is "--fuzz: clang without libFuzzer: its runtime is installed" "$(asked)" \
	"$INSTALL libclang-rt-dev"

fresh csv.h
echo 1000 >uid
deps
refused "no root, no sudo: what to install is said" 1 "root or sudo" \
	"libcsv-dev"
is "no root, no sudo: apt-get is not asked" "$(asked)" ""

fresh csv.h
echo 1000 >uid
stand_in sudo <<'EOF'
#!/bin/sh
printf "%s\n" "$1" >sudo.log
shift
exec "$@"
EOF
deps
succeeds "through sudo"
is "through sudo: without a terminal it must not ask" "$(cat sudo.log)" "-n"
is "through sudo: installed" "$(asked)" "$INSTALL libcsv-dev"

fresh csv.h
mv bin/apt-get apt-get
deps
refused "no apt-get: what to install is said" 1 "no apt-get" "libcsv-dev"
mv apt-get bin

deps --everything
refused "unknown option" 2 "usage"

# And this machine, which has everything by now.
try "$SCRIPT"
succeeds "here: nothing is missing"
finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install-deps.sh [--build-only | --deb | --static | --fuzz | --lint] - install
# what the build and the tests need and this machine lacks, with apt-get
# (Debian 12 and 13, Ubuntu 24.04), as root or through sudo; or what the build
# alone needs, or the build and Debian packages, static executables, fuzzing,
# the reading of the sources. Each thing is looked for itself (a program, a
# header that compiles and a library that links), so that nothing is installed,
# and apt not even asked, where it came from elsewhere.

set -u
CC=${CC:-cc}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}

# what for  kind     looked for                          Debian's package
NEEDS='
build       program  cc                                  gcc libc6-dev
build       program  make                                make
build       program  pkg-config                          pkg-config
build       library  csv.h=-lcsv                         libcsv-dev
build       library  mbedtls/aes.h=-lmbedcrypto          libmbedtls-dev
build       module   zlib.h=zlib                         zlib1g-dev
build       module   cjson/cJSON.h=libcjson              libcjson-dev
build       module   qrencode.h=libqrencode              libqrencode-dev
build       module   png.h=libpng                        libpng-dev
test        module   cmocka.h=cmocka                     libcmocka-dev
test        program  cmp                                 diffutils
test        program  find                                findutils
test        program  awk                                 mawk
test        program  parallel                            parallel
test        program  zbarimg                             zbar-tools
deb         program  dpkg-shlibdeps                      dpkg-dev
deb         program  gzip                                gzip
static      program  dpkg-source                         dpkg-dev
fuzz        program  clang                               clang
fuzz        fuzzer   clang                               libclang-rt-dev
fuzz        program  llvm-cov                            llvm
lint        program  gcc                                 gcc
lint        program  clang-tidy                          clang-tidy
lint        program  cppcheck                            cppcheck
lint        program  shellcheck                          shellcheck
'

wanted_for='build test'
case ${1-} in
'') ;;
--build-only) wanted_for=build ;;
--deb) wanted_for='build deb' ;;
--static) wanted_for='build static' ;;
--fuzz) wanted_for='build fuzz' ;;
--lint) wanted_for='build lint' ;;
*)
	echo "usage: ${0##*/} [--build-only | --deb | --static | --fuzz |" \
		"--lint]" >&2
	exit 2
	;;
esac

# cmocka.h wants to find these four before it.
program_text() {
	for header; do
		[ "$header" = cmocka.h ] &&
			printf '#include <%s>\n' stdarg.h stddef.h setjmp.h stdint.h
		[ "$header" = png.h ] && echo '#include <stdio.h>'
		printf '#include <%s>\n' "$header"
	done
	echo 'int main(void) { return 0; }'
}

# compiles "HEADERS" FLAG...: such a program compiles and links
compiles() {
	headers=$1
	shift
	# shellcheck disable=SC2086 # lists of words
	program_text $headers | $CC ${CPPFLAGS-} ${CFLAGS-} ${LDFLAGS-} \
		-x c -o /dev/null - "$@" >/dev/null 2>&1
}

# is_there KIND LOOKED_FOR
is_there() {
	case $1 in
	program)
		case $2 in
		cc) compiles '' ;;
		pkg-config) command -v "$PKG_CONFIG" >/dev/null 2>&1 ;;
		parallel)
			# GNU's: moreutils has another one of that name.
			parallel --version 2>/dev/null | grep -q '^GNU parallel'
			;;
		*) command -v "$2" >/dev/null 2>&1 ;;
		esac
		;;
	fuzzer)
		echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
			"$2" -fsanitize=fuzzer,address,undefined -x c \
				-o /dev/null - >/dev/null 2>&1
		;;
	library) compiles "${2%%=*}" "${2#*=}" ;;
	module)
		flags=$($PKG_CONFIG --cflags --libs "${2#*=}" 2>/dev/null) ||
			return 1
		# shellcheck disable=SC2086 # flags are a list of words
		compiles "${2%%=*}" $flags
		;;
	esac
}

# The usual case in one go: everything is there, said by one compiler run.
all_there() {
	headers='' libraries='' modules=''
	while read -r purpose kind looked_for _; do
		case " $wanted_for " in
		*" $purpose "*) ;;
		*) continue ;;
		esac
		case $kind in
		program)
			[ "$looked_for" = cc ] || is_there program \
				"$looked_for" || return 1
			;;
		fuzzer)
			is_there fuzzer "$looked_for" || return 1
			;;
		library)
			headers="$headers ${looked_for%%=*}"
			libraries="$libraries ${looked_for#*=}"
			;;
		module)
			headers="$headers ${looked_for%%=*}"
			modules="$modules ${looked_for#*=}"
			;;
		esac
	done <<-EOF
	$(printf '%s\n' "$NEEDS" | sed '/^$/d')
	EOF
	# shellcheck disable=SC2086 # modules are a list of words
	flags=$($PKG_CONFIG --cflags --libs $modules 2>/dev/null) || return 1
	# shellcheck disable=SC2086 # flags are a list of words
	compiles "$headers" $flags $libraries
}

# Debian's packages of what is not there.
missing_packages() {
	printf '%s\n' "$NEEDS" |
		while read -r purpose kind looked_for packages; do
			case " $wanted_for " in
			*" $purpose "*) ;;
			*) continue ;;
			esac
			is_there "$kind" "$looked_for" || echo "$packages"
		done
}

give_up() {
	echo "install-deps.sh: $1" >&2
	echo "Please install these (the names are Debian's):" >&2
	# shellcheck disable=SC2086 # a list of words
	echo ' ' $missing >&2
	exit 1
}

all_there && exit 0
missing=$(missing_packages)
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
	give_up "something is missing, and there is no apt-get here."
if [ "$(id -u)" -eq 0 ]; then
	as_root=''
elif ! command -v sudo >/dev/null 2>&1; then
	give_up "something is missing; installing it takes root or sudo."
elif [ -t 0 ]; then
	as_root=sudo
else
	# Nobody is there who could type a password.
	as_root='sudo -n'
fi

apt_get() {
	# shellcheck disable=SC2086 # as_root is a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >&2 </dev/null
}

# shellcheck disable=SC2086 # a list of words
install_missing() {
	apt_get install -y --no-install-recommends $missing
}

# shellcheck disable=SC2086 # a list of words
echo "installing" $missing >&2
# A fresh machine has no package lists, an old one stale ones. Mirrors fail
# now and then, so the lists are asked for twice.
if ! install_missing 2>/dev/null; then
	apt_get update || apt_get update ||
		give_up "apt-get update failed, and the packages are not there."
	install_missing || give_up "apt-get could not install the packages."
fi
missing=$(missing_packages)
[ -z "$missing" ] ||
	give_up "the packages were installed, but are still not usable."

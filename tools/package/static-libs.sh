#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# static-libs.sh DIR - put into DIR those of our libraries that this system
# has in a shared form only: libcjson.a and libqrencode.a on Debian 12,
# Debian 13 and Ubuntu 24.04. They are built from the distribution's own source
# packages, of the version it offers, with its patches. apt-get checks their
# signatures and sums; it works on package lists of its own below DIR, so that
# the machine's configuration stays as it is and no root is needed.
#
# CC, CFLAGS: as for make.

set -u
CC=${CC:-cc}
CFLAGS=${CFLAGS:--O2 -g}
dir=${1:?usage: static-libs.sh DIR}
mkdir -p "$dir" || exit 1
dir=$(cd "$dir" && pwd) || exit 1
work=$dir/work

give_up() {
	echo "static-libs.sh: $1" >&2
	echo "Static executables need libcjson.a and libqrencode.a: where you" \
		"have them, give" >&2
	echo "their place: make static LDFLAGS=-L/place" >&2
	exit 1
}

# there LIBRARY: it is here as an archive
there() {
	# shellcheck disable=SC2086 # lists of words
	echo 'int main(void) { return 0; }' |
		$CC ${CFLAGS-} ${LDFLAGS-} -static -x c -o /dev/null - \
			"-L$dir" "-l$1" >/dev/null 2>&1
}

# The lists of the machine as lists of sources, those of the distribution
# itself only. Both of apt's notations occur.
source_lists() {
	# shellcheck disable=SC1091 # every system has it
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -n "$codename" ] ||
		give_up "/etc/os-release names no distribution that has sources."
	mkdir -p "$work/lists.d"
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^deb /deb-src /p' |
		grep -E "^deb-src (\[[^]]*\] )?[^ ]+ $codename(-(updates|security))? " \
			>"$work/lists.d/distribution.list"
	# A paragraph begins at each file's start, too.
	awk -v codename="$codename" '
		function flush() {
			if (paragraph != "" && ours)
				print paragraph "\n"
			paragraph = ""
			ours = 0
		}
		FNR == 1 || /^[ \t]*$/ { flush() }
		/^[ \t]*$/ || /^#/ { next }
		/^Types:/ { $0 = "Types: deb-src" }
		/^Suites:/ {
			suites = ""
			for (i = 2; i <= NF; i++)
				if ($i ~ "^" codename "(-(updates|security))?$")
					suites = suites " " $i
			ours = suites != ""
			$0 = "Suites:" suites
		}
		{ paragraph = paragraph (paragraph == "" ? "" : "\n") $0 }
		END { flush() }' /dev/null /etc/apt/sources.list.d/*.sources \
		>"$work/lists.d/distribution.sources" 2>/dev/null
	[ -s "$work/lists.d/distribution.list" ] ||
		[ -s "$work/lists.d/distribution.sources" ] ||
		give_up "apt has no list of the distribution's packages here."
}

apt() {
	(cd "$work" && apt-get -q -o Dir::Etc::SourceList=/dev/null \
		-o Dir::Etc::SourceParts="$work/lists.d" \
		-o Dir::State="$work/state" -o Dir::State::Status=/dev/null \
		-o Dir::Cache="$work/cache" -o APT::Sandbox::User= \
		-o APT::Get::List-Cleanup=false -o Acquire::Retries=3 \
		"$@") </dev/null >>"$work/log" 2>&1
}

# A program's last words, then ours.
failed() {
	tail -n 5 "$work/log" | sed 's/^/  /' >&2
	give_up "$1"
}

# source_of PACKAGE: unpacked into $work/PACKAGE
source_of() {
	if apt source --download-only "$1"; then
		(cd "$work" && dpkg-source --no-check -x "$1"_*.dsc "$1") \
			>>"$work/log" 2>&1 ||
			failed "the source of $1 can't be unpacked."
		return
	fi
	# Mirrors lose the small archive with Debian's changes now and then.
	apt source --download-only --tar-only "$1" ||
		failed "apt-get could not get the source package $1."
	echo "static-libs.sh: warning: of $1 the distribution's changes could" \
		"not be fetched, it is built as its authors released it" >&2
	mkdir "$work/$1" || exit 1
	tar -xf "$work/$1"_*.orig.tar.* -C "$work/$1" \
		--strip-components=1 2>>"$work/log" ||
		failed "the source of $1 can't be unpacked."
}

# archive LIBRARY FLAG... SOURCE...: compile and pack
archive() {
	library=$1
	shift
	rm -f -- ./*.o
	# shellcheck disable=SC2086 # flags are a list of words
	$CC $CFLAGS -fPIE -fstack-protector-strong -w -c "$@" \
		2>>"$work/log" ||
		failed "lib$library does not compile."
	rm -f "$dir/lib$library.a"
	ar rcs "$dir/lib$library.a" ./*.o || give_up "ar failed."
}

build_cjson() {
	archive cjson cJSON.c
}

# What its configure script finds out matters little to the library: that
# there is strdup() and threads, and which version it is.
build_qrencode() {
	version=$(sed -n 's/^PACKAGE_VERSION=.\([0-9.]*\).*/\1/p' configure)
	IFS=. read -r major minor micro <<-EOF
	$version
	EOF
	archive qrencode -DHAVE_STRDUP=1 -DHAVE_LIBPTHREAD=1 \
		-DSTATIC_IN_RELEASE=static "-DVERSION=\"$version\"" \
		"-DMAJOR_VERSION=$major" "-DMINOR_VERSION=$minor" \
		"-DMICRO_VERSION=${micro:-0}" qrencode.c qrinput.c bitstream.c \
		qrspec.c rsecc.c split.c mask.c mqrspec.c mmask.c
}

missing=
for library in cjson qrencode; do
	there $library || missing="$missing $library"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get here."
rm -rf "$work"
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" || exit 1
trap 'rm -rf "$work"' EXIT
source_lists
echo "getting the sources of$missing" >&2
apt update || failed "apt-get could not get the lists of sources."
for library in $missing; do
	source_of "$library"
	cd "$work/$library" || exit 1
	"build_$library"
	there "$library" || give_up "lib$library.a was built, but does not link."
done

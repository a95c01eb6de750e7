#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# "make install" and "make uninstall": what is put where, that the installed
# library can be used by the example program and exports what its headers
# declare, and nothing else; that nothing is left, and nothing foreign taken.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

CC=${CC:-cc} PKG_CONFIG=${PKG_CONFIG:-pkg-config}
case ${SAN:-} in
1) san_flags=-fsanitize=address,undefined ;;
thread) san_flags=-fsanitize=thread ;;
*) san_flags= ;;
esac

# make as a user types it, not as a part of the one that runs the tests.
mk() {
	try env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$ROOT" \
		--no-print-directory BUILD="$BUILD" "$@"
}

version=$(sed -n 's/^#define NVSGEN_VERSION "\(.*\)"/\1/p' \
	"$ROOT/include/version.h")
soname=libnvsgen.so.${version%%.*}

# ---- what is installed ----

umask 077
mk install DESTDIR="$T/root" PREFIX=/opt/kit
succeeds "make install"
umask 022
kit=$T/root/opt/kit
is "the commands" "$(files "$kit/bin")" \
	"factory_nvs_gen mfg_gen mfg_nvs nvs_partition_gen nvs_tool"
is "the manual pages" "$(files "$kit/share/man")" \
	"man1/factory_nvs_gen.1 man1/mfg_gen.1 man1/mfg_nvs.1 man1/nvs_partition_gen.1 man1/nvs_tool.1"
is "the libraries" "$(files "$kit/lib")" \
	"libnvsgen.a libnvsgen.so.$version pkgconfig/libnvsgen.pc"
is "the library's names" \
	"$(readlink "$kit/lib/libnvsgen.so") $(readlink "$kit/lib/$soname")" \
	"$soname libnvsgen.so.$version"
is "a completion for each command" "$(find "$kit/share/bash-completion" \
	! -type d -exec test -s {} \; -printf '%f\n' | sort | paste -sd ' ' -)" \
	"factory_nvs_gen mfg_gen mfg_nvs nvs_partition_gen nvs_tool"
headers=$(files "$kit/include/nvsgen")
is "the headers: of libnvsgen only" \
	"$(grep -lE 'csv|batch|homekit|partt|espat|srp' \
		"$kit"/include/nvsgen/*.h | xargs -r -n1 basename)" ""
pages=$(cd "$ROOT" && echo README.md SECURITY.md docs/*.md)
is "the pages" "$(cd "$kit/share/doc/mfg-gen" && find . -name '*.md' -printf '%P\n' |
	sort | paste -sd ' ' -)" "$pages"
examples=$kit/share/doc/mfg-gen/examples
is "the scripts that the pages call, to be called" \
	"$(find "$examples/tools" -type f -perm 755 -printf '%P\n' | sort | paste -sd ' ' -)" \
	"flash-from-manifest.sh shards/parallel.sh shards/slurm.sh"
is "what the scripts and the samples are here" "$(
	for file in tools/flash-from-manifest.sh tools/shards samples; do
		diff -r "$ROOT/$file" "$examples/$file" |
			grep -vE '_created\.csv$|embed: make_image$'
	done)" ""
is "no command of a page is one of a build" \
	"$(cd "$kit/share/doc/mfg-gen" && grep -rnE '(^|[| ])build/[a-z_]+ ' --include='*.md' .)" ""
missing_header=
for header in buf err file text nvs_writer nvs_reader nvs_crypt version; do
	[[ " $headers " == *" $header.h "* ]] || missing_header=$header
done
is "the headers: no important one is missing" "$missing_header" ""
is "all can be read by everybody" "$(find "$kit" -type d ! -perm 755 -o \
	-type f ! -perm 644 ! -path '*/bin/*' ! -name '*.sh' -o -type f \
	\( -path '*/bin/*' -o -name '*.sh' \) ! -perm 755)" ""
is "nothing else" "$(find "$T/root" -type f | wc -l)" \
	$((5 + 5 + 3 + 1 + $(wc -w <<<"$headers $pages") + \
		$(find "$examples" -type f | wc -l)))

# ---- one number ----

is "version: of the pkg-config file" \
	"$(PKG_CONFIG_PATH=$kit/lib/pkgconfig "$PKG_CONFIG" --modversion libnvsgen)" \
	"$version"
for tool in $(files "$kit/bin"); do
	is "version: $tool tells it" "$("$kit/bin/$tool" --help | tail -n 1)" \
		"mfg_gen suite $version"
done
is "version: the library's soname" "$(readelf -d "$kit/lib/libnvsgen.so" |
	sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" "$soname"

# ---- the headers ----

alone=
for header in $headers; do
	printf '#include <nvsgen/%s>\ntypedef int unit;\n' "$header" \
		>"${header%.h}.c"
	alone="$alone ${header%.h}.c"
done
# shellcheck disable=SC2086 # a list of files
ok "each header compiles alone, in strict C11" "$CC" -std=c11 -Wall -Wextra \
	-Wpedantic -Werror -fsyntax-only "-I$kit/include" $alone

# The functions that C text declares: with all brackets and their contents
# reduced, one is "TYPE NAME@" up to a semicolon or a body.
declared() {
	"$CC" -E "-I$kit/include" "$@" | awk '
		/^# [0-9]/ { own = index($3, "/nvsgen/"); next }
		own' | tr '\n' ' ' | sed -e ':a' -e 's/([^()]*)/@/;ta' \
		-e ':b' -e 's/{[^{}]*}/;/;tb' -e 's/__attribute__ *@//g' |
		tr ';' '\n' |
		sed -nE '/^ *(static|typedef) /d; s/.*[ *]([a-z0-9_]+) *@ *$/\1/p' |
		LC_ALL=C sort -u
}

# shellcheck disable=SC2086 # a list of files
declared $alone >wanted
is "the headers declare functions" "$(($(wc -l <wanted) > 90))" 1
is "the library exports these and no others" \
	"$(nm -D --defined-only "$kit/lib/libnvsgen.so" | awk '{ print $3 }' |
		grep -v '^__' | LC_ALL=C sort | diff wanted -)" ""

# ---- the example program ----

export PKG_CONFIG_PATH=$kit/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$T/root
cp -r "$ROOT/samples/embed" embed
rm -f embed/make_image
example() {
	try env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C embed -B \
		CC="$CC" CFLAGS="-O2 -Wall -Wextra -Werror $san_flags" "$@"
}

# makes NAME COMMAND...: runs it, looks at the image
makes() {
	local name=$1
	shift
	rm -f image.bin
	try "$@" embed/make_image image.bin
	succeeds "$name: it runs"
	try nvs_tool check --strict image.bin
	succeeds "$name: its image is sound"
	try nvs_tool -d minimal image.bin
	prints "$name: its items are there" "device:serial_no = AQ7-24-0001" \
		"device:hw_rev = 3" "device:temp_offset = -120"
}

example
succeeds "the example compiles through pkg-config"
is "it loads the shared library by its soname" "$(readelf -d embed/make_image |
	sed -n 's/.*NEEDED.*\[\(libnvsgen.*\)\]/\1/p')" "$soname"
makes "the example" env "LD_LIBRARY_PATH=$kit/lib"
try env "LD_LIBRARY_PATH=$kit/lib" embed/make_image missing/image.bin
refused "the example says what is wrong" 1 "missing"
if [ -z "$san_flags" ]; then
	example STATIC=1
	succeeds "the example compiles statically"
	is "it needs no shared library" \
		"$(readelf -d embed/make_image | grep -c NEEDED)" 0
	makes "the static example" env
else
	skip "the static example" "there are no static sanitizers"
fi
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

# ---- and away again ----

echo mine >"$kit/bin/mfg_generator"
echo mine >"$kit/include/nvsgen/own.h"
echo mine >"$kit/share/man/man1/own.1"
echo mine >"$examples/samples/own.csv"
mk uninstall DESTDIR="$T/root" PREFIX=/opt/kit
succeeds "make uninstall"
is "foreign files stay, and nothing else" \
	"$(find "$T/root" ! -type d -printf '%P\n' | sort | paste -sd ' ' -)" \
	"opt/kit/bin/mfg_generator opt/kit/include/nvsgen/own.h opt/kit/share/doc/mfg-gen/examples/samples/own.csv opt/kit/share/man/man1/own.1"
is "and of the directories only theirs" \
	"$(find "$T/root" -type d -empty -printf '%P\n')" ""
rm -r "$T/root/opt"

mk install DESTDIR="$T/root" prefix=/usr libdir=/usr/lib64 \
	bindir=/usr/libexec/kit mandir=/usr/man docdir=/usr/doc/kit
succeeds "make install with places of one's own"
is "lower-case names of the places" "$(find "$T/root/usr" \
	-name 'nvs_tool*' ! -type l -printf '%P\n' -o -name '*.a' -printf '%P\n' \
	-o -name SECURITY.md -printf '%P\n' | sort | paste -sd ' ' -)" \
	"doc/kit/SECURITY.md lib64/libnvsgen.a libexec/kit/nvs_tool man/man1/nvs_tool.1"
is "they stand in the pkg-config file" \
	"$(grep -E '^(prefix|libdir)=' "$T/root/usr/lib64/pkgconfig/libnvsgen.pc" |
		paste -sd ' ' -)" "prefix=/usr libdir=\${prefix}/lib64"
mk uninstall DESTDIR="$T/root" prefix=/usr libdir=/usr/lib64 \
	bindir=/usr/libexec/kit mandir=/usr/man docdir=/usr/doc/kit
succeeds "make uninstall with the same"
is "nothing is left" "$(tree "$T/root")" ""
mk uninstall DESTDIR="$T/root" PREFIX=/opt/kit
succeeds "make uninstall where nothing is"
mk install DESTDIR="$T/root" PREFIX=kit
refused "a relative PREFIX is refused" 2 "PREFIX=kit" "from the root"
is "and nothing was installed" "$(tree "$T/root")" ""
finish

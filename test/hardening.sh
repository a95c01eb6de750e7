#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What we build is hardened: position-independent executables, stack
# protector, checked C library calls, relocations that are read-only once the
# program runs. Looked up in the files themselves, and the look is tried on a
# small program that lacks one of them at a time.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

CC=${CC:-cc}
if [ -n "${HARDENING+set}${HARDENING_LD+set}" ]; then
	printf '# skipped: built with HARDENING of its own\n1..0\n'
	exit 0
fi

# What of it FILE lacks, on one line.
lacks() {
	local symbols
	symbols=$(readelf -W --syms --dyn-syms "$1")
	grep -q '__stack_chk_fail' <<<"$symbols" || printf 'protector '
	grep -qE '__[a-z0-9]+_chk' <<<"${symbols//__stack_chk/}" ||
		printf 'fortify '
	readelf -Wh "$1" | grep -q 'Type: *DYN' || printf 'pie '
	readelf -Wl "$1" | grep -q GNU_RELRO || printf 'relro '
	readelf -Wd "$1" | grep -qE 'FLAGS.*(BIND_NOW|NOW)' || printf 'now '
	# Of a library the first says the same as of an executable the second.
	readelf -Wl "$1" | grep -q 'GNU_STACK.* RWE' && printf 'noexecstack '
}

# ---- the look itself ----

cat >small.c <<'EOF'
#include <stdio.h>
int main(int argc, char **argv)
{
	char text[64];

	sprintf(text, "%s", argv[argc - 1]);
	return puts(text) < 0;
}
EOF

# small FLAG...: built with everything, but for what the flags take away
small() {
	"$CC" -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
		-fPIE -pie -Wl,-z,relro,-z,now -w -o small small.c "$@"
}

# finds WHAT FLAG...
finds() {
	local what=$1
	shift
	small "$@"
	is "the look finds out: no ${what:-flaw}" "$(lacks small)" \
		"${what:+$what }"
}

finds ""
finds protector -fno-stack-protector
finds fortify -U_FORTIFY_SOURCE
finds pie -no-pie -fno-pie
finds relro -Wl,-z,norelro
finds now -Wl,-z,lazy

# ---- what was built ----

# Sanitizers do not go together with _FORTIFY_SOURCE, nor does -O0.
unfortified=
case ${SAN:+san}${CFLAGS--O2} in
san* | *-O0*) unfortified='fortify ' ;;
*-O*) ;;
*) unfortified='fortify ' ;;
esac
for tool in mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs \
	libnvsgen.so; do
	is "$tool lacks nothing" \
		"$(lacks "$BUILD/$tool" | sed "s/${unfortified:-@}//")" ""
done
for tool in "$BUILD"/static/{mfg_gen,nvs_partition_gen,nvs_tool,factory_nvs_gen,mfg_nvs}; do
	# Nothing is bound at run time there, so there is no NOW.
	[ ! -x "$tool" ] ||
		is "static/${tool##*/} lacks nothing" \
			"$(lacks "$tool" | sed 's/now //')" ""
done
finish

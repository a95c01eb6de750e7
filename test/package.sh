#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# "make dist", "make deb" and "make static". In every run: the source archive.
# With CHECK_LONG=1 also that it builds and installs by itself, the Debian
# packages, and the static executables, whose sources come over the network.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
need_tools mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs

# mk DIR TARGET...: make as a user types it
mk() {
	local dir=$1
	shift
	last_command="make -C $dir $*"
	status=0
	timeout -k 5 580 env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u SAN \
		-u WERROR make -C "$dir" --no-print-directory "$@" \
		>"$OUT" 2>"$ERR" </dev/null || status=$?
}

version=$(sed -n 's/^#define NVSGEN_VERSION "\(.*\)"/\1/p' \
	"$ROOT/include/version.h")
name=mfg_gen-$version

# ---- sources ----

mk "$ROOT" dist BUILD="$T/first"
succeeds "make dist"
is "the archive's name" "$(files first)" "$name.tar.gz"
tar -xzf "first/$name.tar.gz"
is "everything is below one folder" "$(tar -tzf "first/$name.tar.gz" |
	cut -d/ -f1 | sort -u)" "$name"
is "nothing that was built is in it" "$(find "$name" -name '*.o' -o \
	-path "$name/build" -o -name '*_created.csv' -o -name .git)" ""
for path in Makefile README.md LICENSE cmd/mfg_gen.c cmd/mfg_gen.1 \
	lib/nvs/writer.c include/nvs_writer.h samples/embed/Makefile \
	test/run.sh tools/package/package.mk tools/package/deb.sh; do
	[ -e "$name/$path" ] || fail "$path is in the archive"
done
# Left there by a build or a demo: not for the archive of an archive.
mkdir -p "$name/build" && touch "$name/build/x.o" \
	"$name/samples/sample_values_created.csv"
mk "$T/$name" dist BUILD="$T/second"
succeeds "make dist in the unpacked archive"
same "the same sources, the same bytes" "second/$name.tar.gz" \
	"first/$name.tar.gz"
rm -r "$name/build"

if [ -z "${CHECK_LONG:-}" ]; then
	skip "building from the archive, Debian packages, static executables" \
		"make check-long does it"
	finish
fi

# ---- what is built of them alone ----

mk "$T/$name" -j2 install DESTDIR="$T/root" PREFIX=/usr BUILD=build
succeeds "the archive builds and installs"
ok "what it installed runs" "$T/root/usr/bin/mfg_gen" --help
is "what a run left in samples/ is not installed" "$(ls "$name"/samples/*_created.csv &&
	find "$T/root" -name '*_created.csv')" "$name/samples/sample_values_created.csv"
mk "$T/$name" uninstall DESTDIR="$T/root" PREFIX=/usr BUILD=build
is "and it takes it away again" "$(tree "$T/root")" ""

# works BIN EXAMPLES NAME: a batch and a label; all libraries are needed for them.
works() {
	local bin=$1
	rm -rf lot lot.csv samples tools && cp -r "$2/samples" "$2/tools" .
	shift
	try "$bin/mfg_gen" generate samples/sample_config.csv \
		samples/sample_values_singlepage_blob.csv P 0x3000 --keygen \
		--outdir lot --manifest lot.csv
	succeeds "$2: mfg_gen runs"
	try "$bin/mfg_gen" verify --outdir lot P
	prints "$2: its images are right" "5 images verified, 0 wrong"
	try tools/flash-from-manifest.sh --left lot.csv
	is "$2: the flashing station's script knows them" \
		"$(paste -sd ' ' - <"$OUT")" "1 2 3 4 5"
	try "$bin/factory_nvs_gen" batch --count 2 --qr --outdir lot Q
	succeeds "$2: factory_nvs_gen runs"
	is "$2: it makes labels" \
		"$(find lot/labels -name '*.png' -size +0 | wc -l)" 2
	try "$bin/nvs_tool" -d minimal -f json lot/bin/Q-1.bin
	prints "$2: nvs_tool runs" setup_id
	try "$bin/mfg_nvs" --project_path samples/esp-at --outdir lot
	succeeds "$2: mfg_nvs runs"
	try "$bin/nvs_partition_gen" generate lot/csv/P-1.csv lot/x.bin 0x4000
	succeeds "$2: nvs_partition_gen runs"
}

# ---- Debian packages ----

if command -v dpkg-deb >/dev/null; then
	mk "$T/$name" deb BUILD=build
	succeeds "make deb"
	mkdir debs && mv "$name"/build/deb/*.deb debs
	is "the packages" "$(files debs | sed 's/_[a-z0-9]*\.deb//g')" \
		"libnvsgen-dev_$version-1 libnvsgen${version%%.*}_$version-1 mfg-gen_$version-1"
	mk "$T/$name" deb BUILD=build
	is "the same sources, the same packages" "$(cd debs && sha256sum -- * |
		(cd "$T/$name/build/deb" && sha256sum -c --quiet 2>&1))" ""
	for deb in debs/*.deb; do
		rm -rf control && dpkg-deb -x "$deb" debian &&
			dpkg-deb -e "$deb" control
		is "$deb: the sums are right and complete" "$(
			cd debian && md5sum -c --quiet ../control/md5sums 2>&1
			dpkg-deb -c "../$deb" | grep -c '^-' |
				grep -vx "$(wc -l <../control/md5sums)"
		)" ""
		is "$deb: all belongs to root" "$(dpkg-deb -c "$deb" |
			grep -cv ' root/root ')" 0
	done
	depends=$(dpkg-deb -f debs/mfg-gen_*.deb Depends)
	for library in libc6 libcsv libmbedcrypto libcjson libqrencode \
		libpng zlib1g; do
		[[ $depends == *$library* ]] ||
			fail "mfg-gen depends on $library" "$depends"
	done
	works "$T/debian/usr/bin" "$T/debian/usr/share/doc/mfg-gen/examples" \
		"the package"
	is "the package: its pages" "$(cd debian/usr/share/doc/mfg-gen &&
		find . -name '*.md' -printf '%P\n' | sort | paste -sd ' ' -)" \
		"$(cd "$ROOT" && echo README.md SECURITY.md docs/*.md)"
	is "what stands beside them" "$(find debian/usr/share/doc -mindepth 2 \
		-maxdepth 2 ! -name changelog.Debian.gz ! -name copyright \
		-printf '%P\n' | sort | paste -sd ' ' -)" \
		"libnvsgen-dev/examples mfg-gen/README.md mfg-gen/SECURITY.md mfg-gen/docs mfg-gen/examples"
	is "the library's example goes with the library" \
		"$(dpkg-deb -c debs/libnvsgen-dev_*.deb | grep -oE '[^/]+/make_image\.c$')" \
		"embed/make_image.c"
	ok "the package: its manual pages can be unpacked" \
		gzip -t debian/usr/share/man/man1/*.1.gz
	if command -v lintian >/dev/null; then
		is "lintian finds no error" \
			"$(lintian --allow-root debs/*.deb 2>&1 | grep '^E:')" ""
	else
		skip "the packages' form" "lintian is not there"
	fi
else
	skip "the Debian packages" "dpkg-deb is not there"
fi

# ---- static executables ----

mk "$T/$name" static BUILD=build
if [ "$status" -ne 0 ] && has "$ERR" "could not get"; then
	skip "the static executables" "$(grep 'could not get' "$ERR")"
else
	succeeds "make static"
	for tool in mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs; do
		is "$tool: ldd finds nothing" "$(ldd "$name/build/static/$tool" \
			2>&1 | grep -cE 'statically linked|not a dynamic')" 1
	done
	works "$T/$name/build/static" "$ROOT" "static"
fi
finish

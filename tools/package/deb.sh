#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# deb.sh - build Debian packages of what "make all" has built:
#
#   mfg-gen          the commands, their manual pages, bash completion, the
#                    pages of the project, scripts and samples
#   libnvsgen1       the shared library (the number is that of its soname)
#   libnvsgen-dev    headers, the static library, pkg-config file, an example
#
# into $BUILD/deb. No root is needed, and the same tree gives the same bytes.
#
# From make: BUILD, VERSION, SONAME, MAKE. From the environment: DEBFULLNAME
# and DEBEMAIL, who the packages are from; SOURCE_DATE_EPOCH.

set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:?}" "${VERSION:?}" "${SONAME:?}" "${MAKE:=make}"
mkdir -p "$BUILD/deb"
out=$(cd "$BUILD/deb" && pwd)
work=$out/work
stage=$work/stage
arch=$(dpkg --print-architecture)
libdir=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
lib=libnvsgen${SONAME##*.}
maintainer="${DEBFULLNAME:-mfg_gen maintainers} <${DEBEMAIL:-maintainers@mfg-gen.example}>"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null ||
	stat -c %Y include/version.h)}
export SOURCE_DATE_EPOCH
umask 022

# take PACKAGE PATH...: move these from the stage into a package
take() {
	root=$work/$1
	shift
	for path in "$@"; do
		mkdir -p "$root/${path%/*}"
		# shellcheck disable=SC2086 # a path may be a pattern
		mv "$stage"/$path "$root/${path%/*}"
	done
}

# What every package has to have, /usr/share/doc.
document() {
	doc=$work/$1/usr/share/doc/$1
	mkdir -p "$doc"
	cp "${0%/*}/copyright" "$doc/copyright"
	cat >"$work/changelog" <<-EOF
	mfg-gen ($VERSION-1) unstable; urgency=medium

	  * Release $VERSION.

	 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
	EOF
	gzip -9n <"$work/changelog" >"$doc/changelog.Debian.gz"
	chmod 644 "$doc/copyright" "$doc/changelog.Debian.gz"
}

# The packages whose libraries these files load, as dpkg knows them.
loads() {
	fields=$(cd "$work" && dpkg-shlibdeps -O "$@")
	fields=$(echo "$fields" | sed -n 's/^shlibs:Depends=//p')
	[ -n "$fields" ] && echo "$fields"
}

# package NAME SECTION DEPENDS <DESCRIPTION: control fields, sums, archive
package() {
	root=$work/$1
	document "$1"
	{
		cat <<-EOF
		Package: $1
		Source: mfg-gen
		Version: $VERSION-1
		Architecture: $arch
		Maintainer: $maintainer
		Installed-Size: $(du -ks --apparent-size "$root/usr" | cut -f1)
		Section: $2
		Priority: optional
		Depends: $3
		EOF
		cat
	} >"$root/DEBIAN/control"
	(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z |
		xargs -0 md5sum) >"$root/DEBIAN/md5sums"
	chmod -R u=rwX,go=rX "$root"
	dpkg-deb --root-owner-group --build "$root" \
		"$out/$1_$VERSION-1_$arch.deb" >/dev/null
	echo "$out/$1_$VERSION-1_$arch.deb"
}

rm -rf "$work" "$out"/*.deb
mkdir -p "$work/debian" "$work/mfg-gen/DEBIAN" "$work/$lib/DEBIAN" \
	"$work/libnvsgen-dev/DEBIAN"
printf 'Source: mfg-gen\n\nPackage: mfg-gen\nArchitecture: any\n' \
	>"$work/debian/control"
env -u MAKEFLAGS "$MAKE" --no-print-directory install BUILD="$BUILD" \
	PREFIX=/usr LIBDIR="/$libdir" DESTDIR="$stage" >/dev/null

strip --remove-section=.comment --remove-section=.note "$stage"/usr/bin/*
strip --strip-unneeded --remove-section=.comment "$stage/$libdir"/lib*.so.*.*
strip --strip-debug --remove-section=.comment \
	--enable-deterministic-archives "$stage/$libdir"/lib*.a
gzip -9n "$stage"/usr/share/man/man1/*

# The example of the library goes with it. The pages stay as they are: packed,
# links between them would lead nowhere.
example=usr/share/doc/libnvsgen-dev/examples/embed
mkdir -p "$work/libnvsgen-dev/${example%/*}"
mv "$stage/usr/share/doc/mfg-gen/examples/samples/embed" \
	"$work/libnvsgen-dev/$example"
take mfg-gen usr/bin usr/share/man usr/share/bash-completion usr/share/doc
take "$lib" "$libdir/libnvsgen.so.*"
take libnvsgen-dev usr/include "$libdir/libnvsgen.a" "$libdir/libnvsgen.so" \
	"$libdir/pkgconfig"
[ -z "$(find "$stage" ! -type d)" ] || {
	echo "deb.sh: in no package:" >&2
	find "$stage" ! -type d >&2
	exit 1
}

# The library is loaded by its soname; ldconfig has to learn of it.
echo "libnvsgen ${SONAME##*.} $lib (>= $VERSION)" >"$work/$lib/DEBIAN/shlibs"
echo 'activate-noawait ldconfig' >"$work/$lib/DEBIAN/triggers"

depends=$(loads "$work"/mfg-gen/usr/bin/*)
package mfg-gen embedded "$depends" <<'EOF'
Suggests: bash-completion
Description: NVS partition images for ESP32 devices in production
 Makes from a configuration and a table of values the NVS partition image that
 each device of a batch is flashed with: serial numbers, calibration,
 certificates, pairing codes; encrypted, if wanted. Everything is checked before
 anything is written, and images are read back and compared.
 .
 Recipes, what to do when something is wrong, samples and scripts for flashing
 stations and clusters are in /usr/share/doc/mfg-gen.
 .
 The commands are mfg_gen, nvs_partition_gen, nvs_tool, factory_nvs_gen for
 HomeKit accessories and mfg_nvs for ESP-AT projects.
EOF
depends=$(loads "$work/$lib/$libdir/libnvsgen.so.$VERSION")
package "$lib" libs "$depends" <<'EOF'
Description: NVS partition images of the ESP32 - shared library
 Writes, reads, checks and encrypts the images of NVS partitions, in memory and
 without state of its own.
 .
 This is the library that programs load.
EOF
package libnvsgen-dev libdevel \
	"$lib (= $VERSION-1), libmbedtls-dev, zlib1g-dev" <<'EOF'
Description: NVS partition images of the ESP32 - development files
 Writes, reads, checks and encrypts the images of NVS partitions, in memory and
 without state of its own.
 .
 These are the headers, the static library, the pkg-config file and an example.
EOF
rm -rf "$work"

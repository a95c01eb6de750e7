#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# dist.sh NAME DIR - pack the sources into DIR/NAME.tar.gz, in a folder NAME.
#
# In a git checkout: what is committed, as git has it. Elsewhere, as in an
# unpacked archive: the files that are there, but for what a build and the
# README's commands leave. Both give the same bytes: names in order, one time
# (of the commit, or SOURCE_DATE_EPOCH), no owner, two kinds of permissions.

set -eu
cd "$(dirname "$0")/../.."
name=$1 dir=$2
TREE='Makefile cmd lib include samples test tools docs README.md SECURITY.md
LICENSE .ci .clang-tidy .gitignore .shellcheckrc'

mkdir -p "$dir"
stage=$(mktemp -d "$dir/dist-XXXXXX")
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/$name"

if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
	[ -z "$(git status --porcelain)" ] ||
		echo "note: changes that are not committed are left out" >&2
	git archive HEAD | tar -x -C "$stage/$name"
	time=$(git log -1 --format=%ct)
else
	for entry in $TREE; do
		[ ! -e "$entry" ] || cp -pR "$entry" "$stage/$name"
	done
	rm -f "$stage/$name"/samples/*_created.csv \
		"$stage/$name/samples/embed/make_image"
	time=$(find "$stage/$name" -type f -printf '%Ts\n' | sort -n | tail -n 1)
fi

tar -c -C "$stage" --format=gnu --sort=name --mtime="@${SOURCE_DATE_EPOCH:-$time}" \
	--owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "$name" |
	gzip -9n >"$stage/archive"
mv "$stage/archive" "$dir/$name.tar.gz"
chmod 644 "$dir/$name.tar.gz"
echo "$dir/$name.tar.gz"

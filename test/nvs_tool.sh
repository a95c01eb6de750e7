#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# nvs_tool's views of the images in test/golden-nvs-tool, byte for byte:
# stdout, stderr and exit status. Called from the top directory, as
# `BUILD=build test/nvs_tool.sh`. Names each case and view that fails.

BUILD=${BUILD:-build}
case $BUILD in
/*) tool=$BUILD/nvs_tool ;;
*) tool=$PWD/$BUILD/nvs_tool ;;
esac
golden=$PWD/test/golden-nvs-tool
if [ ! -x "$tool" ]; then
	echo "nvs_tool: $tool is not there: build it first"
	exit 1
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

# view CASE FILE ERRFILE ARGUMENT... - FILE is the stdout, ERRFILE the stderr
# that is expected; both are relative to the case.
view()
{
	case=$1 want=$2 want_err=$3
	shift 3
	if [ ! -f "$golden/$case/$want" ]; then
		return # what the original cannot do has nothing to compare
	fi
	(cd "$golden/$case" && "$tool" "$@" "$case.bin") \
		>"$scratch/out" 2>"$scratch/err"
	status=$?
	what=
	cmp -s "$scratch/out" "$golden/$case/$want" || what="$what stdout"
	if [ "$want_err" ]; then
		cmp -s "$scratch/err" "$golden/$case/$want_err" ||
			what="$what stderr"
	elif [ -s "$scratch/err" ]; then
		what="$what stderr"
	fi
	[ $status -eq 0 ] || what="$what status=$status"
	if [ "$what" ]; then
		failed=$((failed + 1))
		echo "nvs_tool: $case: $want:$what differs;" \
			"(cd test/golden-nvs-tool/$case && nvs_tool $*" \
			"$case.bin)"
		diff "$golden/$case/$want" "$scratch/out" | head -4
		[ ! "$want_err" ] ||
			diff "$golden/$case/$want_err" "$scratch/err" | head -4
	else
		passed=$((passed + 1))
	fi
}

for dir in "$golden"/*/; do
	case=$(basename "$dir")
	view "$case" json '' -f json
	view "$case" minimal.json '' --dump=minimal --format json
	for dump in all written minimal namespaces blobs storage_info; do
		view "$case" $dump.txt '' -d $dump --color never
	done
	view "$case" check.out check.err -d none -i --color never
done

echo "nvs_tool: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tools/layers.sh finds nothing in the project, and something in a small tree
# that breaks each of its rules in turn.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

SCRIPT=$ROOT/tools/layers.sh

try "$SCRIPT" "$BUILD"
succeeds "the project keeps its layers"
is "the project: nothing to say" "$(cat "$OUT" "$ERR")" ""

# A sound tree with a file in each layer.
source_tree() {
	rm -rf tree
	mkdir -p tree/include tree/cmd tree/build/obj/lib/base
	mkdir -p tree/lib/base tree/lib/nvs tree/lib/csv tree/lib/product \
		tree/lib/batch
	touch tree/include/text.h tree/include/nvs_keys.h \
		tree/include/csv_table.h tree/include/csv_item.h \
		tree/include/homekit.h tree/include/batch.h
	touch tree/lib/base/text.c tree/lib/nvs/keys.c tree/lib/nvs/page.h \
		tree/lib/csv/table.c tree/lib/csv/item.c \
		tree/lib/product/homekit.c tree/lib/batch/batch.c \
		tree/cmd/mfg_gen.c tree/cmd/cli.h
}

layers() {
	LAYERS_ROOT=$T/tree SAN='' try "$SCRIPT" build
}

# may FILE INCLUDE, may_not FILE INCLUDE
may() {
	source_tree
	echo "#include $2" >tree/"$1"
	layers
	succeeds "$1 may include $2"
}

may_not() {
	source_tree
	printf '/* x */\n#  include %s /* why */\n' "$2" >tree/"$1"
	layers
	if [ "$status" -eq 1 ] && grep -q "^$1:2: " "$OUT"; then
		pass "$1 may not include $2"
	else
		fail "$1 may not include $2" "$(last_run)"
	fi
}

may lib/nvs/keys.c '"text.h"'
may lib/nvs/keys.c '"page.h"'
may lib/nvs/keys.c '<mbedtls/md.h>'
may lib/nvs/keys.c '<zlib.h>'
may lib/csv/item.c '"nvs_keys.h"'
may lib/csv/item.c '"text.h"'
may lib/csv/table.c '<csv.h>'
may lib/product/homekit.c '"csv_table.h"'
may lib/product/homekit.c '"nvs_keys.h"'
may lib/batch/batch.c '"homekit.h"'
may lib/batch/batch.c '"csv_item.h"'
may cmd/mfg_gen.c '"batch.h"'
may cmd/mfg_gen.c '"cli.h"'
may cmd/dump.c '<cjson/cJSON.h>'
may cmd/dump_json.c '<cjson/cJSON.h>'
may include/csv_item.h '"nvs_keys.h"'

may_not lib/base/text.c '"nvs_keys.h"'
may_not lib/base/text.c '"csv_item.h"'
may_not lib/nvs/keys.c '"csv_table.h"'
may_not lib/nvs/keys.c '"batch.h"'
may_not lib/csv/item.c '"homekit.h"'
may_not lib/csv/item.c '"page.h"'
may_not lib/csv/item.c '"../nvs/page.h"'
may_not lib/product/homekit.c '"csv_item.h"'
may_not lib/product/homekit.c '"batch.h"'
may_not lib/batch/batch.c '"cli.h"'
may_not cmd/mfg_gen.c '"page.h"'
may_not include/text.h '"nvs_keys.h"'
may_not include/nvs_keys.h '"csv_item.h"'
may_not lib/csv/item.c '<csv.h>'
may_not lib/csv/item.c '<zlib.h>'
may_not lib/csv/item.c '<mbedtls/sha256.h>'
may_not lib/batch/batch.c '<cjson/cJSON.h>'
may_not cmd/mfg_gen.c '<cjson/cJSON.h>'
may_not cmd/mfg_gen.c '<mbedtls/md.h>'

# object TEXT: compiled as lib/base/text.c
object() {
	source_tree
	cat >tree/lib/base/text.c
	echo 'int text_declared(const char *s);' >tree/include/text.h
	${CC:-cc} -O1 -w -c -o tree/build/obj/lib/base/text.o \
		tree/lib/base/text.c
}

# breaks NAME TEXT: the object is complained about so
breaks() {
	object
	layers
	if [ "$status" -eq 1 ] && has "$OUT" "lib/base/text.c: $2"; then
		pass "$1"
	else
		fail "$1" "$(last_run)"
	fi
}

object <<'EOF'
#include <stdio.h>
#include <string.h>
static const char *const table[] = { "a", "b" };
static int helper(const char *s) { return strcmp(s, table[s[0] & 1]); }
int text_declared(const char *s) { char b[9]; return helper(s) + snprintf(b, 9, "%s", s); }
EOF
layers
succeeds "a sound object"

breaks "lib/ may not print" "calls printf()" <<'EOF'
#include <stdio.h>
int text_declared(const char *s) { return printf("%s%d", s, 3); }
EOF
breaks "lib/ may not print, whatever the compiler makes of it" "calls puts()" <<'EOF'
#include <stdio.h>
int text_declared(const char *s) { printf("%s\n", s); return 0; }
EOF
breaks "lib/ may not print, fortified" "calls printf()" <<'EOF'
#undef _FORTIFY_SOURCE
#define _FORTIFY_SOURCE 2
#include <stdio.h>
int text_declared(const char *s) { return printf("%s%d", s, 3); }
EOF
breaks "lib/ may not read stdin" "calls scanf()" <<'EOF'
#include <stdio.h>
int text_declared(const char *s) { char c; return scanf(s, &c); }
EOF
breaks "lib/ may not print on stderr" "calls stderr()" <<'EOF'
#include <stdio.h>
int text_declared(const char *s) { return fprintf(stderr, "%s", s); }
EOF
breaks "lib/ may not exit" "calls exit()" <<'EOF'
#include <stdlib.h>
int text_declared(const char *s) { exit(1); }
EOF
breaks "lib/ may not abort" "calls abort()" <<'EOF'
#include <stdlib.h>
int text_declared(const char *s) { abort(); }
EOF
breaks "lib/ may not read the environment" "calls getenv()" <<'EOF'
#include <stdlib.h>
int text_declared(const char *s) { return getenv(s) != 0; }
EOF
breaks "lib/ may not allocate past mem_alloc" "calls malloc()" <<'EOF'
#include <stdlib.h>
int text_declared(const char *s) { return !malloc(s[0]); }
EOF
breaks "lib/ may not export what no header declares" "text_hidden() is" <<'EOF'
int text_hidden(const char *s) { return s[0]; }
EOF
breaks "lib/ may not keep state" "counter" <<'EOF'
static int counter;
int text_declared(const char *s) { return counter++ + s[0]; }
EOF
breaks "lib/ may not keep state between calls" "last" <<'EOF'
int text_declared(const char *s) { static const char *last = "x"; int r = last[0]; last = s; return r; }
EOF
breaks "lib/ may not export variables" "verbose" <<'EOF'
int verbose = 1;
int text_declared(const char *s) { return verbose; }
EOF
finish

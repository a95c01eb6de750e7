# SPDX-License-Identifier: Apache-2.0
#
#   make            build the executables into build/
#   make help       the other targets
#
#   BUILD=DIR       build there instead
#   SAN=1           with address and undefined-behaviour sanitizers
#   SAN=thread      with the thread sanitizer
#   WERROR=1        a warning is an error
#   V=1             show the commands
#   HARDENING= HARDENING_LD=   without what makes mistakes harder to exploit
#
# CFLAGS, CPPFLAGS and LDFLAGS come behind our own flags and win.

VERSION := $(shell sed -n 's/^\#define NVSGEN_VERSION "\(.*\)"/\1/p' include/version.h)
SONAME := libnvsgen.so.$(firstword $(subst ., ,$(VERSION)))

TOOLS := $(basename $(notdir $(wildcard \
	$(foreach t,mfg_gen nvs_partition_gen nvs_tool factory_nvs_gen mfg_nvs,cmd/$t.c))))

CC ?= cc
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wmissing-prototypes -Wcast-qual -Wvla
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude $(WARNINGS) -MMD -MP -pthread -fPIE
ifeq ($(WERROR),1)
ALL_CFLAGS += -Werror
endif

ifeq ($(SAN),1)
BUILD ?= build/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
BUILD ?= build/tsan
SAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(SAN),fuzz)
SAN_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
BUILD ?= build

# _FORTIFY_SOURCE needs an optimiser, and hides from the sanitizers what they
# look for. Who defines it himself is not contradicted.
OPTIMISED := $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
ifeq ($(SAN_FLAGS)$(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),)
FORTIFY := $(if $(OPTIMISED),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif
HARDENING ?= -fstack-protector-strong $(FORTIFY)
HARDENING_LD ?= -Wl,-z,relro,-z,now

ALL_CFLAGS += $(HARDENING) $(SAN_FLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread -Wl,--as-needed $(HARDENING_LD) $(SAN_FLAGS) $(LDFLAGS)

# A line per step; V=1 shows the command itself.
ifneq ($(V),1)
QUIET = @echo "  $1	$(2:$(CURDIR)/%=%)";
endif
# On all processors, unless make was told otherwise.
PARALLEL = $(if $(findstring j,$(filter-out --%,$(MAKEFLAGS))),,-j$(shell nproc))

# libcsv and (before 3.6) mbedTLS come without a pkg-config file.
NVS_LIBS = -lmbedcrypto $(shell $(PKG_CONFIG) --libs zlib)
LIBS = -lcsv -lmbedcrypto $(shell $(PKG_CONFIG) --libs zlib libcjson libqrencode libpng)
TEST_LIBS = $(LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

# The encoder library knows no CSV; everything above it is in the other one.
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard $1)))
NVS_OBJ := $(call objects,lib/base/*.c lib/nvs/*.c)
MFG_OBJ := $(call objects,lib/csv/*.c lib/product/*.c lib/batch/*.c)
CMD_OBJ := $(filter-out $(TOOLS:%=$(BUILD)/obj/cmd/%.o),$(call objects,cmd/*.c))
ARCHIVES := $(BUILD)/libmfg.a $(BUILD)/libnvsgen.a

TEST_BIN := $(patsubst test/%.c,$(BUILD)/test/%,$(sort $(wildcard test/*.c)))
# What the tests load into our programs to see them fail.
TEST_PRELOAD := $(patsubst test/%.c,$(BUILD)/test/%.so,$(sort $(wildcard test/preload/*.c)))

.DELETE_ON_ERROR:
.PHONY: all bench clean check check-long demo deps deps-build fuzz help lint tests

all: $(TOOLS:%=$(BUILD)/%) $(BUILD)/libnvsgen.a $(BUILD)/libnvsgen.so ## build the executables and libnvsgen

# One set of objects for both kinds of libnvsgen. Calls inside of it stay there,
# whatever a program that loads it calls its own functions.
$(NVS_OBJ): PIC = -fPIC -fno-semantic-interposition

$(BUILD)/libnvsgen.so: $(NVS_OBJ)
	$(call QUIET,LD,$@)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(SONAME) \
		-Wl,-Bsymbolic-functions $(if $(SAN_FLAGS),,-Wl,-z,defs) -o $@ $^ $(NVS_LIBS)

$(BUILD)/libnvsgen.a: $(NVS_OBJ)
$(BUILD)/libmfg.a: $(MFG_OBJ)
%.a:
	@rm -f $@
	$(call QUIET,AR,$@)$(AR) rcs $@ $^

$(TOOLS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/cmd/%.o $(CMD_OBJ) $(ARCHIVES)
	$(call QUIET,LD,$@)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Other flags in here make other objects.
$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call QUIET,CC,$@)$(CC) $(ALL_CFLAGS) $(PIC) -c -o $@ $<

# A test may look at the private headers of the module it tests.
$(BUILD)/test/%: test/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(call QUIET,TEST,$@)$(CC) $(ALL_CFLAGS) -Ilib/base -Ilib/nvs -Ilib/csv -Ilib/product -Ilib/batch \
		$(ALL_LDFLAGS) -o $@ $< $(ARCHIVES) $(TEST_LIBS)

# Fuzz targets: programs that go through recorded inputs, or, with SAN=fuzz as
# tools/fuzz.sh builds them, libFuzzer's.
FUZZ := $(notdir $(basename $(sort $(wildcard test/fuzz/fuzz_*.c))))
FUZZ_OBJ := $(call objects,test/fuzz/common.c test/fuzz/image.c \
	$(if $(filter fuzz,$(SAN)),,test/fuzz/replay.c))
$(BUILD)/obj/test/fuzz/%.o: ALL_CFLAGS += -Icmd $(addprefix -Ilib/,base nvs csv product batch)
$(FUZZ:%=$(BUILD)/test/%): $(BUILD)/test/%: $(BUILD)/obj/test/fuzz/%.o $(FUZZ_OBJ) $(CMD_OBJ) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call QUIET,FUZZ,$@)$(CC) $(ALL_LDFLAGS) $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer) \
		-Wl,--wrap=file_read -o $@ $^ $(LIBS)

fuzz: ## fuzz one target: T=NAME, SECONDS=n (60); without T list them
	@tools/fuzz.sh $(or $(T:%=run %),list) $(SECONDS)

deps: ## install what is missing (as root or through sudo)
	@tools/install-deps.sh

# The dependencies may just have been installed: pkg-config has to be asked anew.
check: deps ## install what is missing, build, run all tests; T=NAME runs one
	@$(MAKE) --no-print-directory $(PARALLEL) all tests
	@BUILD=$(BUILD) SAN=$(SAN) CHECK_LONG=$(CHECK_LONG) test/run.sh $(T)

check-long: ## the same, and what takes too long for every day
	@$(MAKE) --no-print-directory check CHECK_LONG=1

tests: $(TEST_BIN) $(TEST_PRELOAD) $(FUZZ:%=$(BUILD)/test/%)

# No sanitizers in here: it goes into programs that have them already.
$(BUILD)/test/preload/%.so: test/preload/%.c test/preload/real.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) \
		$(CFLAGS) -fPIC -shared -o $@ $< -ldl

deps-build:
	@tools/install-deps.sh --build-only

demo: deps-build ## install what is missing, build, make the sample batch in build/demo
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(BUILD) tools/demo.sh

# Programs of the benchmark only; no library of ours is in them.
$(BUILD)/evict $(BUILD)/floor $(BUILD)/measure: $(BUILD)/%: tools/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

# A yardstick, where there is OpenSSL; nothing but this needs it.
$(BUILD)/bench_srp: tools/bench_srp.c $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(if $(OPENSSL),-DWITH_OPENSSL) $(ALL_LDFLAGS) -o $@ $< \
		$(ARCHIVES) $(LIBS) $(OPENSSL)
$(BUILD)/bench_srp: OPENSSL = $(shell $(PKG_CONFIG) --libs libcrypto 2>/dev/null)

bench: deps-build ## install what is missing, build, measure speed and memory
	@$(MAKE) --no-print-directory all $(BUILD)/evict $(BUILD)/floor $(BUILD)/measure \
		$(BUILD)/bench_srp
	@BUILD=$(BUILD) tools/bench.sh
	@BUILD=$(BUILD) tools/bench-srp.sh

lint: ## install what is missing, check the sources with four tools
	@tools/install-deps.sh --lint
	@LINT_CFLAGS="$(filter-out -D_FORTIFY%,$(filter -std% -D% -I%,$(ALL_CFLAGS)))" tools/lint.sh

# Installing, and packages for those who only want to use it.
include tools/package/package.mk

clean: ## remove what was built
	rm -rf build

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile tools/package/package.mk | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

-include $(shell find $(BUILD)/obj $(BUILD)/test -name '*.d' 2>/dev/null)

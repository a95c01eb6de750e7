# SPDX-License-Identifier: Apache-2.0
#
# Installing and packaging, included by the Makefile: in a file of its own so
# that whoever builds and tests need not read past it.
#
#   PREFIX=DIR      where things go (default /usr/local); prefix works as well,
#                   so do BINDIR, LIBDIR, INCLUDEDIR, PKGCONFIGDIR, DATADIR,
#                   MANDIR, COMPLETIONSDIR, DOCDIR and their lower-case names
#   DESTDIR=DIR     put in front of all of them, for who makes a package

prefix ?= /usr/local
PREFIX ?= $(prefix)
bindir ?= $(PREFIX)/bin
BINDIR ?= $(bindir)
libdir ?= $(PREFIX)/lib
LIBDIR ?= $(libdir)
includedir ?= $(PREFIX)/include
INCLUDEDIR ?= $(includedir)
pkgconfigdir ?= $(LIBDIR)/pkgconfig
PKGCONFIGDIR ?= $(pkgconfigdir)
datadir ?= $(PREFIX)/share
DATADIR ?= $(datadir)
mandir ?= $(DATADIR)/man
MANDIR ?= $(mandir)
completionsdir ?= $(DATADIR)/bash-completion/completions
COMPLETIONSDIR ?= $(completionsdir)
docdir ?= $(DATADIR)/doc/mfg-gen
DOCDIR ?= $(docdir)

INSTALL ?= install
PACKAGE_DIR := tools/package
LIB_REAL := libnvsgen.so.$(VERSION)
# The headers of libnvsgen: those of lib/base and of lib/nvs.
LIB_HEADERS := include/version.h $(sort $(wildcard include/nvs_*.h \
	$(patsubst lib/base/%.c,include/%.h,$(wildcard lib/base/*.c))))
MAN_PAGES := $(TOOLS:%=cmd/%.1)
# In DOCDIR as here, so that links lead somewhere; and below examples/ all that
# the commands in these pages name, but for what they leave in samples/.
PAGES := README.md SECURITY.md $(sort $(wildcard docs/*.md))
EXAMPLES := tools/flash-from-manifest.sh $(sort $(wildcard tools/shards/*) \
	$(shell find samples -type f ! -name '*_created.csv' ! -name make_image))
DOC_FILES := $(PAGES) $(EXAMPLES:%=examples/%)
# A command of the pages that is "build/mfg_gen ..." here is "mfg_gen ..." there.
AS_INSTALLED := $(foreach tool,$(TOOLS),s,(^|[| ])build/$(tool) ,\1$(tool) ,g;)
DOC_DIRS := $(filter-out ./,$(sort $(dir $(DOC_FILES))))

# A place as the pkg-config file has it: in terms of its prefix, so that the
# tree can be moved.
in_pc = $(patsubst $(PREFIX)/%,$${prefix}/%,$1)

.PHONY: deb deps-deb deps-static dist install static try-deb uninstall

install: deps-build ## install under PREFIX (default /usr/local), DESTDIR in front
	@case "$(PREFIX)" in /* | '') ;; *) \
		echo "PREFIX=$(PREFIX): give it from the root on, as /opt/mfg_gen" >&2; \
		exit 2 ;; esac
	@$(MAKE) --no-print-directory $(PARALLEL) all
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBDIR)" \
		"$(DESTDIR)$(INCLUDEDIR)/nvsgen" "$(DESTDIR)$(PKGCONFIGDIR)" \
		"$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(COMPLETIONSDIR)" \
		$(DOC_DIRS:%="$(DESTDIR)$(DOCDIR)/%")
	$(INSTALL) -m 755 $(TOOLS:%=$(BUILD)/%) "$(DESTDIR)$(BINDIR)"
	$(INSTALL) -m 644 $(BUILD)/libnvsgen.a "$(DESTDIR)$(LIBDIR)"
	$(INSTALL) -m 644 $(BUILD)/libnvsgen.so "$(DESTDIR)$(LIBDIR)/$(LIB_REAL)"
	ln -sf $(LIB_REAL) "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	ln -sf $(SONAME) "$(DESTDIR)$(LIBDIR)/libnvsgen.so"
	$(INSTALL) -m 644 $(LIB_HEADERS) "$(DESTDIR)$(INCLUDEDIR)/nvsgen"
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(call in_pc,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(call in_pc,$(INCLUDEDIR))|' \
		-e 's|@VERSION@|$(VERSION)|' $(PACKAGE_DIR)/libnvsgen.pc.in \
		>"$(DESTDIR)$(PKGCONFIGDIR)/libnvsgen.pc"
	chmod 644 "$(DESTDIR)$(PKGCONFIGDIR)/libnvsgen.pc"
	$(INSTALL) -m 644 $(MAN_PAGES) "$(DESTDIR)$(MANDIR)/man1"
	$(INSTALL) -m 644 $(PACKAGE_DIR)/completion.bash \
		"$(DESTDIR)$(COMPLETIONSDIR)/$(firstword $(TOOLS))"
	for tool in $(wordlist 2,9,$(TOOLS)); do \
		ln -sf $(firstword $(TOOLS)) "$(DESTDIR)$(COMPLETIONSDIR)/$$tool" || exit; \
	done
	$(call QUIET,INSTALL,$(DESTDIR)$(DOCDIR))for page in $(PAGES); do \
		sed -E '$(AS_INSTALLED)' $$page >"$(DESTDIR)$(DOCDIR)/$$page" && \
		chmod 644 "$(DESTDIR)$(DOCDIR)/$$page" || exit; \
	done
	$(call QUIET,INSTALL,$(DESTDIR)$(DOCDIR)/examples)for file in $(EXAMPLES); do \
		case $$file in *.sh) mode=755 ;; *) mode=644 ;; esac; \
		$(INSTALL) -m $$mode $$file "$(DESTDIR)$(DOCDIR)/examples/$$file" || exit; \
	done
	$(learn_libraries)

# The system looks shared libraries up in a list of its own.
learn_libraries = -@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || /sbin/ldconfig

# Names only, whatever stands there by now; directories that are not ours stay,
# but in a tree below DESTDIR those left empty go as well.
remove = cd "$(DESTDIR)$1" 2>/dev/null || exit 0; rm -f $2

uninstall: ## remove what install put there, with the same PREFIX and DESTDIR
	$(call remove,$(BINDIR),$(TOOLS))
	$(call remove,$(LIBDIR),libnvsgen.a libnvsgen.so $(SONAME) $(LIB_REAL))
	$(call remove,$(INCLUDEDIR)/nvsgen,$(notdir $(LIB_HEADERS)))
	$(call remove,$(PKGCONFIGDIR),libnvsgen.pc)
	$(call remove,$(MANDIR)/man1,$(notdir $(MAN_PAGES)))
	$(call remove,$(COMPLETIONSDIR),$(TOOLS))
	@$(call remove,$(DOCDIR),$(DOC_FILES)) && for dir in $(DOC_DIRS); do \
		[ ! -d $$dir ] || rmdir -p --ignore-fail-on-non-empty $$dir; \
	done; cd ..; rmdir --ignore-fail-on-non-empty "$$(basename "$(DOCDIR)")"
	cd "$(DESTDIR)$(INCLUDEDIR)/nvsgen" 2>/dev/null || exit 0; cd ..; \
		rmdir --ignore-fail-on-non-empty nvsgen
ifneq ($(DESTDIR),)
	cd "$(DESTDIR)" 2>/dev/null || exit 0; for dir in "$(BINDIR)" "$(PKGCONFIGDIR)" \
		"$(LIBDIR)" "$(INCLUDEDIR)" "$(MANDIR)/man1" "$(COMPLETIONSDIR)" \
		"$$(dirname "$(DOCDIR)")"; do \
		[ ! -d ".$$dir" ] || \
			rmdir -p --ignore-fail-on-non-empty ".$$dir" 2>/dev/null; \
	done; :
endif
	$(learn_libraries)

dist: ## pack the sources into build/mfg_gen-VERSION.tar.gz
	@$(PACKAGE_DIR)/dist.sh mfg_gen-$(VERSION) $(BUILD)

not_sanitized = @[ -z "$(SAN_FLAGS)" ] || \
	{ echo "this is not made with sanitizers: leave out SAN" >&2; exit 2; }

deps-deb:
	$(not_sanitized)
	@tools/install-deps.sh --deb

deb: deps-deb ## build Debian packages into build/deb
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(BUILD) VERSION=$(VERSION) SONAME=$(SONAME) MAKE='$(MAKE)' \
		$(PACKAGE_DIR)/deb.sh

try-deb: deb ## install those as root, use them, remove them again
	@env -u MAKEFLAGS $(PACKAGE_DIR)/try-deb.sh $(BUILD)/deb

# The executables once more, linked so that they need no shared library: for
# machines on which nothing can be installed. The distributions have most of
# our libraries in a static form; static-libs.sh builds those they leave out.
STATIC := $(BUILD)/static
STATIC_MARK := $(STATIC)/lib/complete

deps-static:
	$(not_sanitized)
	@tools/install-deps.sh --static

static: deps-static ## build executables into build/static that need no shared library
	@$(MAKE) --no-print-directory $(PARALLEL) $(TOOLS:%=$(STATIC)/%)

$(STATIC_MARK): $(PACKAGE_DIR)/static-libs.sh
	@$(PACKAGE_DIR)/static-libs.sh $(STATIC)/lib
	@touch $@

$(TOOLS:%=$(STATIC)/%): $(STATIC)/%: $(BUILD)/obj/cmd/%.o $(CMD_OBJ) $(ARCHIVES) \
		$(STATIC_MARK)
	$(call QUIET,LD,$@)$(CC) -static-pie $(ALL_LDFLAGS) -L$(STATIC)/lib -o $@ \
		$(filter %.o %.a,$^) -lcsv -lmbedcrypto \
		$(shell $(PKG_CONFIG) --static --libs zlib libcjson libqrencode libpng)

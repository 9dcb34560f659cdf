# The few commands that a newcomer needs. All the rest is CMake: see CMakePresets.json.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FORMATTED = '*.h' '*.hpp' '*.cc'

.PHONY: help deps demo build test ci tsan fuzz fmt bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install what is missing, build, check the example policies and decide their requests"
	@echo "make test    install what is missing, build everything, run every test"
	@echo "make ci      what CI runs: make test, format check, layer check, tests under sanitizers"
	@echo "make tsan    deciding beside reloads and revocations, and the audit log's queue, under ThreadSanitizer"
	@echo "make fuzz    every fuzz target for SECONDS (600) each, or TARGETS=\"jws svid\" alone (clang 19)"
	@echo "make fmt     bring the C++ files into the one layout"
	@echo "make bench   decide the same work with ztp and other engines, and compare (bench/README.md)"
	@echo "make clean   remove build/"
	@echo
	@echo "The command is built as build/release/bin/ztp."

deps:
	@.ci/deps

build/release/build.ninja: | deps
	@cmake --preset release

demo: deps build/release/build.ninja
	@cmake --build --preset release --target ztp -j $(JOBS)
	@.ci/demo build/release/bin/ztp

build: deps build/release/build.ninja
	@cmake --build --preset release -j $(JOBS)

test: build
	@ctest --preset release -j $(JOBS)

ci:
	@.ci/run

tsan: deps
	@cmake --preset tsan
	@cmake --build --preset tsan -j $(JOBS) --target ztp_c_threads_test ztp_base_test ztp_audit_test
	@ctest --preset tsan -R '^(c\.threads|Current\.|RecordRing\.|AuditLog\.(Threads|With|Is))'

fuzz: deps
	@.ci/fuzz $(or $(SECONDS),600) $(TARGETS)

fmt: deps
	@git ls-files -z --cached --others --exclude-standard -- $(FORMATTED) | xargs -0 -r clang-format -i

bench: build
	@python3 bench/run.py

clean:
	rm -rf build

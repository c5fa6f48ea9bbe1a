# `make` lists the targets. Everything is installed in .venv, nothing outside this folder.
#
# CMake and ninja come from the package registry (pyproject.toml, and the extra `development`), so
# that only Python, a C++17 compiler and make must be there.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help install wheel wheel-arm demo demo-train test test-arm test-sanitized fuzz test-threads footprint lint format \
	bench bench-arm estimate-arm arm-root tables docs clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
# In the tests CMake, ninja and `wavernn-tf` are those of the environment.
WITH_VENV := PATH="$(CURDIR)/$(BIN):$$PATH"

CXX_SOURCES := $(shell find export/native examples/device android -name '*.cc' -o -name '*.h') \
	$(wildcard examples/device/*.c export/native/c_api/checks/*.c tests/c_api/*.c)
LIBRARY_SOURCES := $(shell find export/native -path export/native/tests -prune -o \
	-path export/native/bench -prune -o -path export/native/fuzz -prune -o \
	-path export/native/c_api/checks -prune -o -type f -print)

# A Python that TensorFlow 2.16 is there for: 3.9 to 3.12, with venv and pip. Names are tried by running them, since a
# version manager's shim may exist and yet fail. `make install PYTHON=/path/to/python3.10` chooses.
FITS := import sys, venv, ensurepip; sys.exit(not (3, 9) <= sys.version_info < (3, 13))
PYTHON ?=
ARGS ?=

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile \
		| while IFS='|' read -r name what; do printf 'make %-14s %s\n' "$$name" "$$what"; done

install: $(STAMP) ## make .venv, install the package in it, build the native library

$(STAMP): setup.cfg setup.py pyproject.toml wavernn_tf/__init__.py $(LIBRARY_SOURCES)
	@python=""; \
	for name in $(or $(PYTHON),python3.12 python3.11 python3.10 python3.9 python3); do \
		if "$$name" -c '$(FITS)' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: no fitting Python found: install Python 3.9-3.12 with venv and pip, or say" \
			"where one is: make install PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	compiler=""; \
	for name in $${CXX:-c++ g++ clang++}; do \
		if echo 'int main() {}' | $$name -std=c++17 -fsyntax-only -x c++ - >/dev/null 2>&1; \
		then compiler=$$name; break; fi; \
	done; \
	if [ -z "$$compiler" ]; then \
		echo "error: no C++17 compiler found: install g++ or clang++, or say which: CXX=..." >&2; \
		exit 1; \
	fi; \
	if ! $(BIN)/python -c '$(FITS)' >/dev/null 2>&1 \
			|| ! $(BIN)/python -m pip --version >/dev/null 2>&1 \
			|| { [ -n "$(PYTHON)" ] \
				&& [ "$$($(BIN)/python --version)" != "$$("$$python" --version)" ]; }; then \
		"$$("$$python" -c 'import sys; print(sys._base_executable)')" -m venv --clear $(VENV); \
	fi; \
	echo "installing in $(VENV) with $$($(BIN)/python --version) and $$compiler:" \
		"some minutes the first time"; \
	CXX="$$compiler" $(BIN)/python -m pip install --quiet --editable '.[development,litert,train]'; \
	touch $(STAMP); \
	echo "installed in $(VENV)"

# Both need a Python with pip, and fetch CMake and ninja. setup.py reads the wheel's tag off the
# library: manylinux_2_N by the newest symbol of glibc that it needs, so an older machine makes a
# wheel for more machines.
BUILD_WHEEL = rm -rf build/lib* build/bdist* && \
	$(or $(PYTHON),python3) -m pip wheel --quiet --no-deps --wheel-dir dist . && ls dist

wheel: ## build the wheel of this machine in dist/, for any Python 3
	$(BUILD_WHEEL)

wheel-arm: ## build the wheel of 64-bit ARM in dist/, with a cross-compiler
	@command -v aarch64-linux-gnu-g++ >/dev/null || { \
		echo "error: no aarch64-linux-gnu-g++ found (Debian: g++-aarch64-linux-gnu)" >&2; exit 1; }
	export CMAKE_TOOLCHAIN_FILE=$(CURDIR)/export/native/toolchains/aarch64-linux-gnu.cmake; \
	$(BUILD_WHEEL)

demo: $(STAMP) ## speak with the shipped voice; train, prune and export a small one: out/demo
	$(WITH_VENV) $(BIN)/python examples/demo.py --out out/demo $(ARGS)

demo-train: $(STAMP) ## the training half of `make demo` alone
	$(WITH_VENV) $(BIN)/python examples/demo.py --out out/demo --train-only $(ARGS)

# A file's tests stay in one process, where they share what they set up.
test: $(STAMP) ## run all tests; ARGS='-m "not slow"' leaves out the slow ones
	$(WITH_VENV) $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

# The C++ tests and stored samples on ARM: cross-compiled, run by an emulator. 64 bits run with all
# that the emulator offers and as a core without dot products; 32 bits, for which the delegate is
# not, run the scalar kernels alone. A machine whose compiler or emulator is missing is skipped,
# which is said and is no failure.
ARM_MACHINES := aarch64:aarch64-linux-gnu arm:arm-linux-gnueabihf

test-arm: $(STAMP) ## build the C++ tests for 64- and 32-bit ARM and run them under qemu
	@$(WITH_VENV); \
	for machine in $(ARM_MACHINES); do \
		processor=$${machine%%:*}; system=$${machine#*:}; \
		compiler=$$system-g++; emulator=qemu-$$processor-static; missing=""; \
		for tool in $$compiler $$emulator; do \
			command -v $$tool >/dev/null || missing+=" $$tool"; \
		done; \
		if [ -n "$$missing" ]; then \
			echo "skipped $$processor: no$$missing (Debian: g++-$$system, qemu-user-static)"; \
			continue; \
		fi; \
		folder=build/$$processor; target=all; \
		[ $$processor = aarch64 ] || target=kernel_tests; \
		cmake -S export/native -B $$folder -DWAVERNN_TF_TESTS=ON -DCMAKE_BUILD_TYPE=Release \
			-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$$processor \
			-DCMAKE_CXX_COMPILER=$$compiler -DCMAKE_CXX_FLAGS=-Wno-psabi \
			-DCMAKE_CROSSCOMPILING_EMULATOR="$$emulator;-L;/usr/$$system" >/dev/null; \
		cmake --build $$folder --parallel 2 --target $$target; \
		ctest --test-dir $$folder --output-on-failure; \
		[ $$processor = arm ] || QEMU_CPU=cortex-a53 \
			ctest --test-dir $$folder --output-on-failure -R 'quantise|block_sparse|golden'; \
	done

test-sanitized: $(STAMP) ## run the C++ tests under the address and undefined-behaviour sanitizers
	@$(WITH_VENV); \
	cmake -S export/native -B build/sanitized -DWAVERNN_TF_TESTS=ON -DWAVERNN_TF_SANITIZE=ON \
		-DCMAKE_BUILD_TYPE=Debug >/dev/null; \
	cmake --build build/sanitized --parallel 2 --target kernel_tests; \
	ctest --test-dir build/sanitized --output-on-failure --parallel 2

# With clang these are libFuzzer's, else a driver of our own changes inputs at random. The corpus is
# kept in build/fuzz/corpus.
SECONDS_EACH ?= 60
FUZZ_TARGETS := fuzz_file fuzz_calls fuzz_chunks fuzz_features
FUZZ_CXX := $(firstword $(foreach c,clang++ clang++-19 clang++-16 clang++-14,$(shell command -v $c)))
SMALL_VOICES := build/fuzz/models/done

$(SMALL_VOICES): | $(STAMP)
	$(BIN)/python -m tests.c_api.small_voices build/fuzz/models
	touch $@

fuzz: $(STAMP) $(SMALL_VOICES) ## fuzz the C API under sanitizers, SECONDS_EACH=60 for every target
	@$(WITH_VENV); \
	cmake -S export/native -B build/fuzz -DWAVERNN_TF_C_API=ON -DWAVERNN_TF_FUZZ=ON \
		-DWAVERNN_TF_SANITIZE=ON -DWAVERNN_TF_ISA=avx2 -DCMAKE_BUILD_TYPE=Debug \
		$(if $(FUZZ_CXX),-DCMAKE_CXX_COMPILER=$(FUZZ_CXX)) >/dev/null; \
	cmake --build build/fuzz --parallel 2 --target $(FUZZ_TARGETS); \
	for target in $(FUZZ_TARGETS); do \
		mkdir -p build/fuzz/corpus/$$target; echo "== $$target"; \
		WAVERNN_FUZZ_MODELS=build/fuzz/models build/fuzz/fuzz/$$target -rss_limit_mb=4096 \
			-malloc_limit_mb=2048 -timeout=20 -max_total_time=$(SECONDS_EACH) \
			-artifact_prefix=build/fuzz/ build/fuzz/corpus/$$target 2>&1 \
			| grep -E '^Done|ERROR|SUMMARY|runtime error|does not hold|crash-|oom-|timeout-'; \
	done

test-threads: $(STAMP) $(SMALL_VOICES) ## streams that share a model, under the thread sanitizer
	@$(WITH_VENV); \
	cmake -S export/native -B build/threads -DWAVERNN_TF_C_API=ON -DWAVERNN_TF_TESTS=ON \
		-DWAVERNN_TF_ISA=none -DCMAKE_BUILD_TYPE=Debug \
		-DCMAKE_CXX_FLAGS="-fsanitize=thread -O1" >/dev/null; \
	cmake --build build/threads --parallel 2 --target threads_check; \
	build/threads/c_api/checks/threads_check build/fuzz/models

footprint: $(STAMP) ## size, memory and cold start of libwavernn: MODEL=out/demo/model_int8.tflite
	@$(WITH_VENV); \
	cmake -S export/native -B build/footprint -DWAVERNN_TF_C_API=ON -DWAVERNN_TF_TESTS=ON \
		-DWAVERNN_TF_ISA=avx2 -DWAVERNN_TF_SMALL=ON -DCMAKE_BUILD_TYPE=Release >/dev/null; \
	cmake --build build/footprint --parallel 2 --target wavernn allocations_check footprint; \
	$(BIN)/python export/native/c_api/checks/footprint.py build/footprint/c_api \
		$(or $(MODEL),out/demo/model_int8.tflite) $(ARGS)

# `export` and `pipelines` are parts of the package `wavernn_tf`: mypy needs to see them there.
lint: $(STAMP) ## check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run -Werror $(CXX_SOURCES)
	@rm -rf build/typing && mkdir -p build/typing/wavernn_tf
	@ln -s $(CURDIR)/wavernn_tf/* $(CURDIR)/export $(CURDIR)/pipelines build/typing/wavernn_tf/
	cd build/typing && $(CURDIR)/$(BIN)/mypy --config-file ../../mypy.ini \
		--cache-dir ../../.mypy_cache

format: $(STAMP) ## format Python and C++
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(CXX_SOURCES)

bench: $(STAMP) ## time training, and the voice of `make demo`
	@test -f out/demo/model.tflite || { echo "error: run \`make demo\` first" >&2; exit 1; }
	$(BIN)/wavernn-tf bench out/demo/model.tflite out/demo/saved_model $(ARGS)
	$(BIN)/python -m wavernn_tf.training.benchmark

# Debian's qemu-user, since its static twin takes no plugins. Linked statically, code lies where the
# file says.
BENCH_ARM := build/aarch64-bench
BUILD_BENCH_ARM = \
	for tool in aarch64-linux-gnu-g++ qemu-aarch64; do \
		command -v $$tool >/dev/null || { echo "error: no $$tool found (Debian:" \
			"g++-aarch64-linux-gnu, qemu-user)" >&2; exit 1; }; \
	done; \
	$(WITH_VENV); \
	cmake -S export/native -B $(BENCH_ARM) -DWAVERNN_TF_BENCH=ON -DWAVERNN_TF_C_API=ON \
		-DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux \
		-DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
		-DCMAKE_CXX_FLAGS=-Wno-psabi -DCMAKE_EXE_LINKER_FLAGS=-static >/dev/null; \
	cmake --build $(BENCH_ARM) --parallel 2 --target bench_generate wavernn_static; \
	cc -O2 -shared -fPIC -o $(BENCH_ARM)/count_instructions.so \
		export/native/bench/count_instructions.c
EMULATE_ARM = --emulator qemu-aarch64 --plugin $(BENCH_ARM)/count_instructions.so \
	--bench $(BENCH_ARM)/bench/bench_generate

bench-arm: $(STAMP) ## count the op's instructions per sample on 64-bit ARM, under qemu
	@$(BUILD_BENCH_ARM)
	$(BIN)/python export/native/bench/instructions.py $(EMULATE_ARM) $(ARGS)

estimate-arm: $(STAMP) ## estimate the cycles per sample of ARM cores: counts under qemu, llvm-mca
	@$(BUILD_BENCH_ARM); \
	aarch64-linux-gnu-gcc -static -O2 -Iexport/native/c_api examples/device/speak.c \
		$(BENCH_ARM)/c_api/libwavernn.a -lstdc++ -lm -o $(BENCH_ARM)/speak
	$(BIN)/python export/native/bench/arm_estimate.py $(EMULATE_ARM) \
		--speak $(BENCH_ARM)/speak $(ARGS)

arm-root: $(STAMP) wheel-arm ## speak with the ARM wheel in an ARM Python, under qemu
	$(BIN)/python -m pytest tests/test_arm_root.py -rs -s $(ARGS)

tables: $(STAMP) ## fill the figures of README.md and docs from docs/measured
	$(BIN)/python docs/tables.py

docs: $(STAMP) ## build README, docs and the API as web pages: out/docs
	$(BIN)/python docs/build.py --out out/docs

clean: ## remove .venv and everything that was built or written
	rm -rf $(VENV) build dist out *.egg-info export/*.so
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find wavernn_tf export pipelines tests examples -name __pycache__ -prune -exec rm -rf {} +

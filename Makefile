# luisim: `make run` opens the app, `make test` runs every check. Both set up what they need first.

# Debian packages: the one list. `make run` needs the first three, `make test` all.
PACKAGES_RUN := python3-venv ngspice libngspice0
# the firmware and the chip it is tested on
PACKAGES_FIRMWARE := gcc-avr avr-libc binutils-avr libsimavr-dev libelf-dev arduino-core-avr avrdude
PACKAGES_TEST := $(PACKAGES_RUN) tmux gcc libc6-dev chromium $(PACKAGES_FIRMWARE)

BIN := .venv/bin

.PHONY: run test check clean

run: .venv/ready-to-run
	@$(BIN)/luisim $(ARGS)

test: check
	$(BIN)/pytest $(ARGS)

check: .venv/ready-to-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

KERNELS := $(wildcard luisim/kernels/*.c) tools/kernels.py

.venv/ready-to-run: pyproject.toml tools/setup $(KERNELS)
	@tools/setup run $(PACKAGES_RUN)
	@touch $@

.venv/ready-to-test: pyproject.toml tools/setup $(KERNELS)
	@tools/setup test $(PACKAGES_TEST)
	@touch $@ .venv/ready-to-run

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

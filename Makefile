# Everything a reader or an author types. Without make, see "Without make" in the README.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What a reader's shell tells Python and pip is meant for other work: it must not reach into .venv.
export PIP_USER := 0
unexport PIP_PREFIX PIP_TARGET PYTHONHOME PYTHONOPTIMIZE PYTHONPATH PYTHONSAFEPATH PYTHONWARNINGS

# Python compiles what it imports, and keeps that; to compile all that is installed would take half of
# the time.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help lab test oracle notebooks portable mutants survivors benchmarks book lowest newest page upgrade

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

lab: $(VENV)/server.stamp  ## open the course in JupyterLab
	@exec $(BIN)/python tools/lab.py

test: $(VENV)/test.stamp  ## lint, compare package and notebooks, test everything
	@$(BIN)/python tools/run_tests.py

oracle: $(VENV)/oracle.stamp  ## add PyTorch, with which hundreds of the tests compare

notebooks: $(VENV)/lab.stamp  ## fill the build cells and execute the notebooks; CHAPTER=03 for one
	@$(BIN)/python tools/notebooks.py sync $(CHAPTER)
	@$(BIN)/python tools/notebooks.py execute $(CHAPTER)

portable: $(VENV)/test.stamp  ## compare the notebooks' outputs as if on other processors
	@$(BIN)/python tools/portable.py

mutants: $(VENV)/test.stamp  ## plant mistakes in the package and see each one caught
	@$(BIN)/python tools/mutants.py

survivors: $(VENV)/mutation.stamp  ## let mutmut plant more, and explain what survives; MODULE=optim for one
	@$(BIN)/python tools/survivors.py $(MODULE)

benchmarks: $(VENV)/test.stamp  ## measure speed and memory
	@$(BIN)/python -m benchmarks

book: $(VENV)/book.stamp  ## make web pages of the notebooks as they are stored, in build/book
	@$(BIN)/python -m sphinx -q -E -a -W --keep-going -d build/doctrees -c book . build/book
	@echo "Open build/book/index.html in a browser."

page: $(VENV)/lab.stamp  ## make one web page of a chapter, in which explorers move; CHAPTER=05
	@$(BIN)/python tools/live_page.py $(CHAPTER)

lowest:  ## test with the oldest NumPy and SciPy that pyproject.toml allows
	@"$(PYTHON)" tools/try_versions.py lowest

newest:  ## test with the newest version of everything, without constraints.txt
	@"$(PYTHON)" tools/try_versions.py newest

upgrade:  ## write the newest versions into constraints.txt, and say what changed
	@"$(PYTHON)" tools/upgrade_pins.py

# A stamp is newer than what it was made from, so a second call installs nothing.
$(VENV)/lab.stamp: pyproject.toml constraints.txt
	@command -v "$(PYTHON)" > /dev/null || { echo "No $(PYTHON) here. Try: make lab PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs Python 3.11 or newer; \
	this is %s. Try: make lab PYTHON=python3.12" % sys.version.split()[0])'
	@echo "Setting up $(VENV). This takes a minute or two, the first time only."
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(INSTALL) --editable '.[lab]'
	@touch $@

# What servers are given is a copy. It is made again whenever one of its files has changed.
SERVED := $(wildcard tools/jupyter/*.* tools/jupyter/*/* mini_autograd/explore/front/*/*)
$(VENV)/server.stamp: $(VENV)/lab.stamp $(SERVED)
	@$(BIN)/python tools/server_settings.py
	@touch $@

# Python may have been upgraded or removed beneath .venv: then it starts no more, or no longer sees
# what was installed, and everything is set up again.
ifneq ($(shell $(BIN)/python -I -c 'import pip; print("alive")' 2> /dev/null),alive)
.PHONY: $(VENV)/lab.stamp
endif

$(VENV)/test.stamp: $(VENV)/server.stamp
	@$(INSTALL) --editable '.[lab,test]'
	@touch $@

$(VENV)/oracle.stamp: $(VENV)/test.stamp
	@$(INSTALL) --editable '.[lab,test,oracle]'
	@touch $@

# Without PyTorch, much that a mistake changes would go unnoticed.
$(VENV)/mutation.stamp: $(VENV)/oracle.stamp
	@$(INSTALL) --editable '.[lab,test,oracle,mutation]'
	@touch $@

$(VENV)/book.stamp: $(VENV)/lab.stamp
	@$(INSTALL) --editable '.[lab,book]'
	@touch $@

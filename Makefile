# The course's commands; `make help` lists them. Plain POSIX shell, GNU make 3.81 or later.

# What a shell sets for another Python would break this one, or run before it.
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONINSPECT PYTHONOPTIMIZE PYTHONPLATLIBDIR
unexport PYTHONSAFEPATH PYTHONWARNINGS PYTHONEXECUTABLE __PYVENV_LAUNCHER__

ifndef PYTHON
# Asked to run, not only looked for: a version manager's stand-in can exist and yet not work.
PYTHON := $(shell unset PYTHONHOME; if python3.11 -c '' >/dev/null 2>&1; then echo python3.11; else echo python3; fi)
endif
PORT ?= 8888
LAB_ARGS ?=
PYTEST_ARGS ?=
NB ?=
NAME ?=
EXERCISE ?=
FROM ?=
TO ?=
BACK ?=
DRY ?=
SINCE ?= HEAD
ARGS ?=
CLASS_ARGS ?=
ROBUSTNESS_ARGS ?=
SEEDS ?= 10
JOBS ?= 2
# By the environment, so that no shell takes their quotes apart.
export PORT LAB_ARGS

VENV_PYTHON := .venv/bin/python
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 COURSE_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help setup lab progress test run book robustness bench class doctor contents constraints clean
.PHONY: lesson text move diff weights experiments mutants

help: ## List the commands
	@awk 'BEGIN { FS = ":.*## " } \
		/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 } \
		/^## / { sub(/^## /, ""); printf "%17s %s\n", "", $$0 }' $(firstword $(MAKEFILE_LIST))

setup: ## Make or repair .venv with what reading the course needs
## PYTHON=python3.11 chooses the Python
	@"$(PYTHON)" tools/setup.py

lab: setup ## Read the course in JupyterLab
## PORT=8888 chooses the port, LAB_ARGS="--no-browser" adds JupyterLab's own options
	@$(VENV_PYTHON) tools/lab.py

progress: setup ## Show which exercises you have tried and solved
## ARGS="--export progress.json" adds options; ARGS=--help lists them
	@$(VENV_PYTHON) -m tools.progress $(ARGS)

test: ## Check style, run every test and every notebook
## PYTEST_ARGS="tests/test_course.py" chooses what pytest runs
	@"$(PYTHON)" tools/setup.py --extra test --extra book --extra class
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(ONE_THREAD) TQDM_DISABLE=1 COURSE_SEED=0 $(VENV_PYTHON) -m pytest --nbval-lax \
		--nbval-cell-timeout=300 -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

run: ## Execute the notebooks, store their outputs, renew the README's contents
## NB=chapters/start_here.ipynb chooses one notebook
	@"$(PYTHON)" tools/setup.py --extra test
	@$(VENV_PYTHON) -m tools.notebooks $(NB)

lesson: ## Make a new lesson to fill in: NAME=04_nlp/05_bert
## docs/first_lesson.md goes on from there
	@"$(PYTHON)" tools/setup.py --extra test
	@$(VENV_PYTHON) -m tools.lesson "$(NAME)"

text: ## Write a notebook as text to edit, build/text/...: NB=path
## BACK=1 brings the text back into the notebook
	@"$(PYTHON)" tools/setup.py --extra test
	@$(VENV_PYTHON) -m tools.text $(if $(BACK),--back) $(NB)

move: ## Rename or renumber a lesson: FROM=04_nlp/05_bert TO=04_nlp/02_bert
## Numbers, links and tables follow; DRY=1 only says what would change
	@"$(PYTHON)" tools/setup.py --extra test
	@$(VENV_PYTHON) -m tools.move $(if $(DRY),--dry-run) "$(FROM)" "$(TO)"

diff: ## Show what changed in the notebooks' text and code, without their outputs
## SINCE=main compares with another commit than the last one, NB=path chooses one notebook
	@git rev-parse --verify --quiet "$(SINCE)^{commit}" >/dev/null || \
		{ echo "error: $(SINCE) is no commit here: SINCE=main chooses one, in a git checkout" >&2; exit 1; }
	@"$(PYTHON)" tools/setup.py --extra author
	@$(VENV_PYTHON) -m nbdime diff --sources --metadata $(SINCE) $(NB)

weights: ## Train the small models that lessons share, and store them in data/weights
## NAME=gpt chooses one model
	@"$(PYTHON)" tools/setup.py --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.weights $(NAME)

experiments: ## Run the stored experiments that are missing or stale, and store them in data/results
## NB=path runs those of one lesson anew, ARGS="--only name" one of them
	@"$(PYTHON)" tools/setup.py --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.experiments $(ARGS) $(NB)

book: ## Build the course as web pages from the stored outputs: build/book/index.html
	@"$(PYTHON)" tools/setup.py --extra book
	@$(VENV_PYTHON) -m tools.book

mutants: ## Change the exercises' references a little and show what their checks do not notice
## EXERCISE=trees chooses those with that in their id
	@"$(PYTHON)" tools/setup.py --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.mutants $(EXERCISE)

robustness: ## Run the notebooks with other seeds and show which claims hold
## SEEDS=10 says how many, JOBS=2 how many at once, NB=path chooses one notebook,
## ROBUSTNESS_ARGS="--keep" adds options: this one renews docs/robustness.md
	@"$(PYTHON)" tools/setup.py --extra test
	@$(VENV_PYTHON) -m tools.robustness --seeds $(SEEDS) --jobs $(JOBS) $(ROBUSTNESS_ARGS) $(NB)

bench: ## Measure the course's code beside what people use, and write docs/benchmarks.md
	@"$(PYTHON)" tools/setup.py --extra bench
	$(ONE_THREAD) TQDM_DISABLE=1 $(VENV_PYTHON) -m benchmarks

doctor: ## Find out why the course does not run here, and what to do
	@"$(PYTHON)" -m tools.doctor

class: ## Make assignments for nbgrader in build/class; docs/teaching.md goes on from there
## NB=path chooses one lesson, CLASS_ARGS="--output ../my-class" adds options
	@"$(PYTHON)" tools/setup.py --extra class
	@$(VENV_PYTHON) -m tools.classroom $(CLASS_ARGS) $(NB)

contents: setup ## Renew the minutes in the notebooks and the README's table of contents
	@$(VENV_PYTHON) -m tools.contents

constraints: ## Renew constraints.txt with the newest versions that pyproject.toml allows
	@"$(PYTHON)" -m tools.constraints

clean: ## Delete .venv and everything else that the commands have made, but not downloaded data
	rm -rf .venv build ml_course_notebooks.egg-info .pytest_cache .ruff_cache .hypothesis .coverage
	find . -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

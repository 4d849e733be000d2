# ---
# jupyter:
#   course:
#     title: TITLE
#     summary: "To write: what the reader builds, one line for the table of contents"
#     minutes: 1
#     core_minutes: 1
#     seconds: 5
#     needs:
#     - chapters/start_here.ipynb
#     topics:
#     - "To write: keywords"
# ---

# %% [markdown]
# # TITLE
#
# *To write: two or three sentences on the idea and why it matters.*
#
# *Time: make run writes this line.*
#
# **You will build** *To write: the things that the code will make.*
#
# **You will be able to answer**
# - *To write: three or four questions.*
#
# **Before you start:** [Start here](../start_here.ipynb). *To write: the other lessons that come
# first, each with a link and what is needed from it; the same as in `needs` of the metadata.*

# %% [markdown]
# ## The problem
#
# *To write: something concrete that needs the idea: a picture, a failing attempt, a question to
# predict. The heading says it in the words of the subject.*

# %%
import numpy as np

from exercises.CHAPTER import LESSON as check
from utils.claims import claim
from utils.seeds import seed_everything

SEED = seed_everything(0)

# %% [markdown]
# ## By hand
#
# *To write: the smallest worked example, three numbers or two words. Its cell has the tag
# `nbval-check-output`, so that a test compares its output.*

# %% tags=["nbval-check-output"]
# To write: the same numbers by code.
print("mean of the squares:", (3**2 + 4**2) / 2)

# %% [markdown]
# ## A drawing of the thing
#
# *To write: the network, the loop or the graph, drawn by code before its code is read, with the
# names that the code uses.*
#
# ## The idea, then the mathematics
#
# *To write: each symbol introduced, no step skipped; a result stands before the long theory.*
#
# ## From scratch
#
# *To write: the plain version first, grown in steps, each step run; shapes in comments.*
#
# ### Exercise 1 · To write: a title · ●●○ 5 min
#
# *To write: the task: what the function receives, what it returns, and a tiny example.* Write
# `mean_square(values)`: `values` is a list of numbers, the result the mean of their squares. For
# `[3, 4]` it is 12.5.


# %% tags=["exercise"]
def mean_square(values):
    # your code in the place of the dots
    ...


check.mean_square(mean_square)


# %% tags=["solution"]
def mean_square_solution(values):
    # To write: your solution, under a name of its own. Its first line does not give it away.
    values = np.asarray(values, dtype=float)
    return float((values**2).mean())


check.mean_square.confirm(mean_square_solution)

# %% [markdown]
# ## The library's version
#
# *To write: the same with what a practitioner uses, and a parity check within a stated tolerance.*
#
# ## On data
#
# *To write: an experiment that answers a question, with a baseline beside it and figures. What the
# text says about the result, a claim measures:*

# %%
# To write: a claim that is understood without the code, with the bound of ten seeds.
sample = np.random.default_rng(SEED).normal(size=10_000)
claim("Mean of the squares of 10,000 normal numbers", (sample**2).mean(), close_to=1, within=0.1)

# %% [markdown]
# ## What goes wrong
#
# *To write: break it on purpose, see the symptom, find the cause, repair it.*
#
# ## Heard elsewhere
#
# *To write: one to three statements from posts and videos, put to the test in code.*
#
# ## Questions you may be asked
#
# <details><summary>To write: four to six questions</summary>
#
# *To write: the answers, folded away like this one.*
#
# </details>
#
# ## Summary and sources
#
# - *To write: what to keep.*
#
# **Sources**
# - *To write: the original papers, with authors, year and arXiv id or DOI.*
#
# ### What next
#
# - *To write: two or three lessons to go on with, and why.*

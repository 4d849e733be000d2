"""Lessons whose exercises have not yet been proven against small changes of their references.

Of every other lesson each mutant is judged wrong or listed as equal (`tests/test_mutants.py`),
and each case has a label. The list only shrinks: a new lesson is proven from the start, and one
that has been proven leaves it.
"""

UNPROVEN = {
    "deep_learning.recurrent_networks",
    "deep_learning.training_that_works",
    "generative_models.autoencoders",
    "generative_models.gans",
    "nlp.language_models",
    "nlp.text_as_numbers",
    "nlp.transformer",
    "nlp.word_vectors",
    "reinforcement_learning.decision_processes",
    "reinforcement_learning.deep_q_learning",
    "reinforcement_learning.policy_gradients",
    "reinforcement_learning.temporal_difference",
    "representation_learning.deep_infomax",
    "uncertainty_and_trust.active_learning",
    "uncertainty_and_trust.out_of_distribution",
    "uncertainty_and_trust.uncertainty",
}

"""What lessons import: everything that a lesson needs and does not teach.

=================  =================================================================================
`data`             every data set by one function: tables, series, images, texts
`seeds`            one call that fixes all luck, and the limit on threads
`training`         device, batches, one training loop and its evaluation
`plotting`         one style, figures with a text for those who cannot see them, a slider
`claims`           measured statements that must keep their bound
`display`          the block with an icon and words that claims and checks show
`envs`             small worlds for reinforcement learning
`tokens`           byte-pair encoding
`pretrained`       small trained models by name, such as `gpt()`, with their tokenizers
`gpt`              the GPT of the lesson on language models, and its sub-words
`results`          stored experiments by name, with seeds and versions
`recipes`          what stored models and experiments were made by, as text
`uncertainty`      entropy, and what a model does not know, by four methods
`image_quality`    a judge of generated images
`course`           the course's structure, read from the notebooks
=================  =================================================================================

Nothing is imported here, so that a lesson waits only for what it uses.
"""

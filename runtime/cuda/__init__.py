"""The `cuda` device: the frame stays on the card from upload to download.

`machine` judges what is installed and `ladder` which provider can start; `assemble` makes the
platform of a card. `card` runs the kernels and `card_engine` the network on onnxruntime, on one
stream. `stepdown` says what to give up when the card cannot hold it. The kernels, the buffers and
all logic are tested on the processor; docs/card.md says what has run on a card.
"""

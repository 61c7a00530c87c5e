"""The `cuda` device: the frame stays on the card from upload to download.

`device` runs the kernels, `engine` the network on onnxruntime, on one stream. `ladder` says which
provider can start, `takeover` brings a better one in while another plays, `stepdown` what to give
up when the card cannot hold it. The kernels, the buffers and all logic are tested on the processor;
nothing here has run on a card yet, and the text of each module says where that matters.
"""

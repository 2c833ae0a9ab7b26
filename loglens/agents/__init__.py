"""For language models: tools that read logs below named folders and answer in a bounded size, and how to use them."""

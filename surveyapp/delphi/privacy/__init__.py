"""What may be published: decided once, in the release; everything else only shows its output.

`suppression` decides a cell from counts alone; `ledger` decides every further figure from whose answers it
stands on; `reasons` what may stand beside a written reason; `batches` when a figure may be renewed.
"""

"""The rehearsal of a study, with an invented panel."""

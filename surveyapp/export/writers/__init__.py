"""One file per format; each turns texts and numbers into bytes that a reader of that format gets back."""

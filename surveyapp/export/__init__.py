"""Files that a study's data leave in: tables, their writers, the codebook, the package."""

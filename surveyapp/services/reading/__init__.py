"""What pages, the command line and exports ask of stored data: one file per family of readers."""

"""``python -m surveyapp`` is the command ``surveyapp``."""

from surveyapp.cli import main

if __name__ == "__main__":
    main()

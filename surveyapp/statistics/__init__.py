"""What numbers mean: the measures of Delphi studies, pure, from counts where counts suffice."""

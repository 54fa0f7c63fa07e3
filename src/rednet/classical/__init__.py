"""What was known before networks: resizing, blur kernels and their inverse, masks and first guesses, measures."""

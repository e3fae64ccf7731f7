"""How fast the package is, next to NumPy written by hand and to other packages; see README.md."""

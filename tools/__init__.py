"""What works on this checkout and is no part of the package: setting up, checking, building its data."""

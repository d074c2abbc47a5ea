"""Where a person's joints are in a picture."""

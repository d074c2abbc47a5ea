"""Motion that people have, in the layouts in which it is handed out, as clips to train on."""

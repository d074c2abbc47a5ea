"""WitMotion modules: 0x55 0x5x packets over serial, 0x55 0x61 over Bluetooth LE and USB."""

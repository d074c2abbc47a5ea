"""SlimeVR trackers and every bridge to their protocol, over UDP."""

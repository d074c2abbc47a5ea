"""x-IMU3 sensors of x-io Technologies."""

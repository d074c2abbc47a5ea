"""The TotalCapture set's Xsens sensors."""

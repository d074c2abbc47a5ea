"""Xsens MVN, the suit: MVNX exports."""

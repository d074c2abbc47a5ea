"""A camera beside sensors, live: a simulated performer seen, hidden and seen again, exact truth beside."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.film_solver import load_lifter
from mocamba.inference.live_film import LiveFilm
from mocamba.inference.live_fusion import LiveFusion
from mocamba.inference.views import SIGHT, VIEW, Sight, View
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.lifted.align import clear_turn, misses
from mocamba.rig.lifted.correction import FADE, WAIT, PoseCorrection
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between, normalise
from mocamba.rig.skeleton import SMPL24

from .live_films import EVERY, LATE, corrected, view, worn
from .motions import random_pose

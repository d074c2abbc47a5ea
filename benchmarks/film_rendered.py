"""From pixels to baked bones on a rendered performer, whose every joint is known: what each stage adds to the error.

    python benchmarks/film_rendered.py NETWORK … [--seconds 8] [--angles 20 110 200] [--sensors] [--out docs/networks]
        [--pictures docs/images]

The free body acts in a textured room before cameras at several angles, 640 x 480 at 30 pictures a second. Stages:
detector (pixels, and % of the performer's height in the picture), lifted joints, joints agreed with picture and bones,
solved motion, polished motion, and the bones of the armature that Blender bakes from it, read back from the .blend (mm;
MPJPE / PA-MPJPE; baked in world axes after the turn and shift that fit best, for no camera knows where the world begins).
--sensors adds six worn sensors. With --pictures frames of the overlay and the baked result are put side by side.
Adds to film_rendered.json and prints seconds by stage, too.
"""

from mocamba.rig.lens import lens_of_field

HEIGHT, BEGIN = 1.75, 2.5  # metres; seconds of T-pose left out
LENS = lens_of_field(640, 480, 66.0)

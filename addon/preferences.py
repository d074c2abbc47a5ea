"""What holds for all files: folders, sensors, the engine."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

ROOT = (__package__ or "").rpartition(".")[0]  # under which Blender knows the add-on
CALIBRATIONS = [
    ("auto", "Sequence", "Prompts, and checks by movements; simulated sensors need none"),
    ("sequence", "Sequence, simulated too", "The same for simulated sensors"),
    ("quick", "Quick", "A T-pose, then a few steps; nothing is checked"),
    ("kept", "Kept", "The performer's own of today, and a moment facing forward"),
]
EQUIPMENT = [
    ("SENSORS", "Sensors", "Six worn sensors"),
    ("BOTH", "Sensors and camera", "A camera corrects what sensors cannot feel"),
    ("CAMERA", "Camera alone", "No sensor is worn"),
]
NETWORKS = {"SENSORS": "hiposer-s", "BOTH": "vimcan-t-causal", "CAMERA": "posemamba-s-causal"}
HARDWARE = [
    ("AUTO", "Best there is", "CUDA where there is an NVIDIA card, Metal on a Mac, else the processor"),
    ("CPU", "Processor", "Enough for HiPoser; the smallest download"),
    ("CUDA", "NVIDIA card", "For networks that use a camera, and for training"),
]


class MOCAMBA_AP_preferences(bpy.types.AddonPreferences):
    """Drawn by `engine_panel`."""

    bl_idname = ROOT

    take_folder: StringProperty(
        name="Takes",
        subtype="DIR_PATH",
        default=str(Path.home() / "Mocamba"),
        update=lambda _self, _context: _folder_changed(),
        description="Where takes are recorded and listed",
    )
    engine_folder: StringProperty(
        name="Engine", subtype="DIR_PATH", description="Where the capture engine is; empty for the add-on's own folder"
    )
    python: StringProperty(
        name="Existing Python",
        subtype="FILE_PATH",
        description="Of an environment that has the packages already; empty to make one",
    )
    wheels: StringProperty(
        name="Offline packages",
        subtype="DIR_PATH",
        description="A folder of wheels to set the engine up from without internet; empty to download",
    )
    hardware: EnumProperty(items=HARDWARE, name="Network runs on")
    agreed: BoolProperty(
        name="Download what is missing", description="About 300 MB, once; with an NVIDIA card up to 3 GB"
    )
    equipment: EnumProperty(
        items=EQUIPMENT,
        name="Captured with",
        update=lambda self, _context: setattr(self, "network", NETWORKS[self.equipment]),
        description="What a capture reads; the usual network for it is chosen with it",
    )
    camera: StringProperty(
        name="Camera",
        default="0",
        description="Its number, an address such as http://192.168.0.20:8080/video, or a video",
    )
    field: FloatProperty(
        name="Field of view",
        min=0,
        max=150,
        precision=0,
        description="Degrees along the longer side of the camera's picture; 0 where you do not know",
    )
    imu: StringProperty(
        name="Sensors",
        default="all",
        description="all, simulated, a family or an address as `mocamba devices` lists it; several with blanks between",
    )
    network: StringProperty(name="Network", default="hiposer-s", description="Which network finds the poses")
    performer: StringProperty(name="Performer", default="performer", description="Who is captured")
    height: FloatProperty(
        name="Height", default=1.7, min=0.5, max=2.6, subtype="DISTANCE", unit="LENGTH", description="The performer's"
    )
    calibration: EnumProperty(items=CALIBRATIONS, name="Calibration", description="How a session begins")
    drift: BoolProperty(name="Correct drift", description="Headings of sensors that turn away in the course of minutes")
    smooth: BoolProperty(name="Smooth live", description="Live poses, not takes")
    feet: BoolProperty(name="Hold feet live", description="Live, standing feet do not slide; takes do not change")
    vmc: StringProperty(
        name="VMC", description="HOST:PORT to send poses to, such as 127.0.0.1:39539; empty for nowhere"
    )

    def draw(self, _context: Any) -> None:
        """See `engine_panel`."""
        from .engine_panel import draw_preferences

        draw_preferences(self, self.layout)


CLASSES = (MOCAMBA_AP_preferences,)


def preferences() -> Any:
    """Of this add-on."""
    return bpy.context.preferences.addons[ROOT].preferences


def user_folder(name: str) -> Path:
    """A folder of our own that outlives updates of the add-on."""
    if ROOT.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(ROOT, path=name, create=True))
    folder = Path(bpy.utils.user_resource("DATAFILES", path="mocamba", create=True)) / name  # run from a checkout
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def engine_folder() -> Path:
    """Of the capture engine's environment."""
    chosen = preferences().engine_folder
    return Path(bpy.path.abspath(chosen)) if chosen else user_folder("engine")


def existing_python() -> Path | None:
    """Of an environment that somebody else keeps, None where the add-on's own is used."""
    chosen = preferences().python
    return Path(bpy.path.abspath(chosen)) if chosen else None


def _folder_changed() -> None:
    from .takes_list import refresh

    refresh()

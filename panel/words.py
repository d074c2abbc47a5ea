"""What the session says in names, in the user's language."""

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from ..capture.dropouts import Slot
from ..capture.status import State

SLOT_WORDS = {
    "left_forearm": QT_TRANSLATE_NOOP("Words", "left forearm"),
    "right_forearm": QT_TRANSLATE_NOOP("Words", "right forearm"),
    "left_shin": QT_TRANSLATE_NOOP("Words", "left shin"),
    "right_shin": QT_TRANSLATE_NOOP("Words", "right shin"),
    "head": QT_TRANSLATE_NOOP("Words", "head"),
    "pelvis": QT_TRANSLATE_NOOP("Words", "pelvis"),
    "left_thigh": QT_TRANSLATE_NOOP("Words", "left thigh"),
    "right_thigh": QT_TRANSLATE_NOOP("Words", "right thigh"),
    "left_foot": QT_TRANSLATE_NOOP("Words", "left foot"),
    "right_foot": QT_TRANSLATE_NOOP("Words", "right foot"),
}
STATE_WORDS = {
    State.IDLE: QT_TRANSLATE_NOOP("Words", "Not running"),
    State.CONNECTING: QT_TRANSLATE_NOOP("Words", "Connecting"),
    State.CALIBRATING: QT_TRANSLATE_NOOP("Words", "Calibrating"),
    State.LIVE: QT_TRANSLATE_NOOP("Words", "Live"),
    State.RECORDING: QT_TRANSLATE_NOOP("Words", "Recording"),
    State.STOPPING: QT_TRANSLATE_NOOP("Words", "Stopping"),
    State.FAILED: QT_TRANSLATE_NOOP("Words", "Stopped by an error"),
}
KNOWN_WORDS = {
    Slot.MEASURED: QT_TRANSLATE_NOOP("Words", "measured"),
    Slot.HELD: QT_TRANSLATE_NOOP("Words", "held"),
    Slot.PREDICTED: QT_TRANSLATE_NOOP("Words", "silent, predicted"),
    Slot.FADING: QT_TRANSLATE_NOOP("Words", "coming back"),
    Slot.EMPTY: QT_TRANSLATE_NOOP("Words", "no sensor"),
}
STEP_WORDS = {
    "still": QT_TRANSLATE_NOOP("Words", "Stand still"),
    "heading": QT_TRANSLATE_NOOP("Words", "Two steps"),
    "t-pose": QT_TRANSLATE_NOOP("Words", "T-pose"),
    "left-arm": QT_TRANSLATE_NOOP("Words", "Left arm"),
    "right-leg": QT_TRANSLATE_NOOP("Words", "Right leg"),
    "nod": QT_TRANSLATE_NOOP("Words", "Nod"),
    "bow": QT_TRANSLATE_NOOP("Words", "Bow"),
    "turn": QT_TRANSLATE_NOOP("Words", "Turn"),
    "jump": QT_TRANSLATE_NOOP("Words", "Jump"),
    "quick": QT_TRANSLATE_NOOP("Words", "T-pose and steps"),
    "kept": QT_TRANSLATE_NOOP("Words", "Face forward"),
}
STAGE_WORDS = {
    "read": QT_TRANSLATE_NOOP("Words", "read"),
    "clock": QT_TRANSLATE_NOOP("Words", "clock"),
    "fusion": QT_TRANSLATE_NOOP("Words", "fusion"),
    "network": QT_TRANSLATE_NOOP("Words", "network"),
    "link": QT_TRANSLATE_NOOP("Words", "link"),
    "all": QT_TRANSLATE_NOOP("Words", "all"),
}
# what the performer is asked, word for word as the session says it (capture/calibrating/step.py, capture/starting.py)
PROMPT_WORDS = (
    QT_TRANSLATE_NOOP("Prompts", "Stand still, arms hanging, and look where you want to face."),
    QT_TRANSLATE_NOOP("Prompts", "Walk two steps straight forward, stop with your feet side by side, and stand still."),
    QT_TRANSLATE_NOOP("Prompts", "Hold your arms straight out to the sides, palms down, and stand still."),
    QT_TRANSLATE_NOOP(
        "Prompts", "Let your arms hang. Then lift your LEFT arm sideways to the height of the shoulder, and lower it."
    ),
    QT_TRANSLATE_NOOP(
        "Prompts", "Stand still. Then lift your RIGHT heel towards your seat, knee where it is, and put it down."
    ),
    QT_TRANSLATE_NOOP("Prompts", "Stand still. Then look down at your feet, with your head alone, and up again."),
    QT_TRANSLATE_NOOP("Prompts", "Stand still. Then bow from the hips, and come up again."),
    QT_TRANSLATE_NOOP("Prompts", "Stand still. Then turn a quarter to the left with your whole body, and back again."),
    QT_TRANSLATE_NOOP("Prompts", "Stand still in sight of the camera. Then jump once, and stand still."),
    QT_TRANSLATE_NOOP("Prompts", "Calibrated."),
    QT_TRANSLATE_NOOP("Prompts", "Not calibrated."),
    QT_TRANSLATE_NOOP("Prompts", "Stand still in the T-pose, then walk a few steps."),
    QT_TRANSLATE_NOOP(
        "Prompts",
        "Stand still in the T-pose, facing the way that is to be forward: the calibration kept for you is used.",
    ),
    QT_TRANSLATE_NOOP("Prompts", "Put the sensors on, say where each is worn, and calibrate."),
    QT_TRANSLATE_NOOP("Prompts", "Listening for sensors."),
    QT_TRANSLATE_NOOP("Prompts", "Looking for sensors."),
    QT_TRANSLATE_NOOP("Prompts", "Your arms are not out to the sides yet."),
    QT_TRANSLATE_NOOP("Prompts", "No direction could be told: take two whole, brisk steps straight ahead."),
    QT_TRANSLATE_NOOP("Prompts", "Live with the camera."),
)
# what a session says of its camera, word for word (capture/camera_poses.py)
CAMERA_WORDS = (
    QT_TRANSLATE_NOOP("Camera", "Camera"),
    QT_TRANSLATE_NOOP("Camera", "its network is loaded, sensors alone"),
    QT_TRANSLATE_NOOP("Camera", "its network is loaded, the pose waits"),
    QT_TRANSLATE_NOOP("Camera", "its network is dead, sensors alone"),
    QT_TRANSLATE_NOOP("Camera", "its network is dead, the pose waits"),
    QT_TRANSLATE_NOOP("Camera", "no picture, sensors alone"),
    QT_TRANSLATE_NOOP("Camera", "no picture, the pose waits"),
    QT_TRANSLATE_NOOP("Camera", "performer hidden, sensors alone"),
    QT_TRANSLATE_NOOP("Camera", "performer hidden, the pose waits"),
    QT_TRANSLATE_NOOP("Camera", "finding where it stands, sensors alone; move about"),
    QT_TRANSLATE_NOOP("Camera", "stand upright in the camera's sight, the whole body in the picture, for some seconds"),
    QT_TRANSLATE_NOOP("Camera", "at work"),
    QT_TRANSLATE_NOOP("Camera", "at work; wave your arms, so that its delay is found"),
)
OF_CAMERA = "Camera: "  # begins the session's notes on it


def word(text: object) -> str:
    """One of the words above; Qt's marks are objects to type checkers."""
    return QCoreApplication.translate("Words", str(text))


def slot_words(slot: str) -> str:
    """A place on the body."""
    return word(SLOT_WORDS.get(slot, slot.replace("_", " ")))


def camera_words(says: str) -> str:
    """What is at work, as a sentence."""
    said = QCoreApplication.translate("Camera", says)
    return f"{said[:1].upper()}{said[1:]}."


def note_words(sentence: str) -> str:
    """One of the session's notes; of faults, which are told in English, they stay as they are."""
    if sentence.startswith(OF_CAMERA):
        says = QCoreApplication.translate("Camera", sentence[len(OF_CAMERA) : -1])
        return f"{QCoreApplication.translate('Camera', 'Camera')}: {says}."
    return prompt_words(sentence)


def prompt_words(sentence: str) -> str:
    """What the session asks of the performer; a sentence that nobody translated stays as it is."""
    return QCoreApplication.translate("Prompts", sentence)

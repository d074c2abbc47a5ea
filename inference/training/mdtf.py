"""What each stage of MDTF is trained to say of filmed clips. The first stage comes first, and is then frozen."""

from torch import Tensor

from ..lifting import LiftingClips
from ..losses import lifting_losses
from ..networks.mdtf import MDTF, BoneAware, bone_loss, with_confidence


def bone_aware_loss(network: BoneAware, clips: LiftingClips) -> Tensor:
    """Stage 1: cross-entropy of the bones' polar classes."""
    return bone_loss(network(with_confidence(clips.keypoints)), _in_image_units(clips))


def mdtf_losses(network: MDTF, clips: LiftingClips) -> dict[str, Tensor]:
    """Stage 2, by name: 1 MPJPE, 0.5 N-MPJPE, 20 velocity, in the released code's weights."""
    return lifting_losses(network(with_confidence(clips.keypoints)), _in_image_units(clips), consistency=0)


def _in_image_units(clips: LiftingClips) -> Tensor:
    return clips.positions * clips.scale[..., None, None]

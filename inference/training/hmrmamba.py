"""Training of HMRMamba on scenes of the free body: the lifting module first, then the whole, in one run."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import lightning
import torch
import torch.nn.functional as F
from torch import Tensor

from ...rig.body import Body, load_body
from ...rig.errors import BadInputError
from ...rig.topology import Topology, topology_of
from ...rig.whole_file import whole_file
from ..losses import lifting_losses
from ..mesh_losses import edge_loss, normal_loss
from ..networks.hmrmamba import HMRMamba, HMRMambaConfig, HMRMambaOutput, on_body
from ..random_source import RandomSource
from ..weights_file import WeightsCard, save_weights
from .curves import draw_panels
from .fit import run
from .scenes import Filming, Scenes, Studio, build_studio, film
from .split import read_clips, split_clips

VALIDATION_SEED = 991
TEST_SEED = 992
RULE_SEED = 993
PANELS = (
    ("lifting: training loss", ("train/position", "train/scaled", "train/velocity", "train/consistency")),
    ("mesh: training losses", tuple(f"train/{name}" for name in ("vertices", "mesh_joints", "lifted", "edges"))),
    ("MPJPE on validation people, mm", ("val/lifted", "val/mesh")),
    ("MPVPE on validation people, mm", ("val/vertices",)),
)


@dataclass(frozen=True)
class HMRMambaTraining:
    """Everything that decides a training run; travels in the weights file. Rates are for AdamW."""

    network: HMRMambaConfig = field(default_factory=HMRMambaConfig)
    filming: Filming = field(default_factory=Filming)
    seed: int = 0
    lift_steps: int = 2000
    mesh_steps: int = 2000
    lift_batch: int = 64
    mesh_batch: int = 32
    lift_rate: float = 1e-3
    mesh_rate: float = 5e-4
    weight_decay: float = 0.01
    warm_up: int = 100
    edges_after: float = 0.3  # share of the second stage without the edge term, which at first pulls vertices together
    windows: int = 256  # to validate and to test on


class HMRMambaTask(lightning.LightningModule):
    """Films its own batches: a data loader only counts the steps."""

    def __init__(self, config: HMRMambaTraining, topology: Topology, training: Studio, validation: Studio) -> None:
        super().__init__()
        self.config = config
        self.network = HMRMamba(config.network, topology)
        self.faces = torch.from_numpy(topology.faces)
        self.studios = {"train": training, "val": validation}
        self._random: RandomSource | None = None

    @property
    def lifting_alone(self) -> bool:
        """Whether the run is in its first stage."""
        return self.global_step < self.config.lift_steps

    def on_fit_start(self) -> None:
        """Move motion and bodies to the device once; scenes depend on seed and step only."""
        self.studios = {name: studio.to(self.device) for name, studio in self.studios.items()}
        self.faces = self.faces.to(self.device)
        self._random = RandomSource(torch.Generator(self.device))

    def training_step(self, batch: Any, index: int) -> Tensor:
        """One optimiser step on fresh scenes."""
        assert self._random is not None
        self._random.generator.manual_seed(self.config.seed * 1_000_003 + self.global_step)
        count = self.config.lift_batch if self.lifting_alone else self.config.mesh_batch
        studio = self.studios["train"]
        scenes = film(studio, count, self.config.filming, self._random)
        if self.lifting_alone:
            terms = lifting_losses(self.network.lift(scenes.keypoints, scenes.features), scenes.joints)
        else:
            output = self.network(scenes.keypoints, scenes.features)
            terms = mesh_terms(output, scenes, studio.regressor, self.faces, self._edges_count())
        self.log_dict({f"train/{name}": value for name, value in terms.items()})
        return torch.stack(list(terms.values())).sum()

    def _edges_count(self) -> bool:
        done = (self.global_step - self.config.lift_steps) / max(1, self.config.mesh_steps)
        return done >= self.config.edges_after

    def validation_step(self, batch: Any, index: int) -> None:
        """Errors on people not trained on, the same scenes every time."""
        errors = errors_of(self.network, self.studios["val"], self.config, VALIDATION_SEED)
        self.log("val/lifted", errors.lifted)
        if not self.lifting_alone:
            self.log_dict({"val/mesh": errors.mesh, "val/vertices": errors.vertices})
        # a network without a mesh is worse than any with one
        self.log("val/score", errors.vertices + 1e6 * self.lifting_alone, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW; each stage has a linear warm-up and half a cosine. The lifting module goes on in the second."""
        config, named = self.config, list(self.network.named_parameters())
        lifting = [parameter for name, parameter in named if name.startswith("lifting.")]
        others = [parameter for name, parameter in named if not name.startswith("lifting.")]
        groups = [{"params": lifting, "lr": config.lift_rate}, {"params": others, "lr": config.mesh_rate}]
        optimiser = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
        calm = config.mesh_rate / config.lift_rate / 4  # it only follows what the mesh needs
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, [lambda k: self._share(k) * (1.0 if k < config.lift_steps else calm), self._share]
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _share(self, step: int) -> float:
        """Share of the full rate at a step of either stage."""
        first = step < self.config.lift_steps
        at = step if first else step - self.config.lift_steps
        length = self.config.lift_steps if first else self.config.mesh_steps
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, at / max(1, length))))
        return min((at + 1) / self.config.warm_up, cosine)


def mesh_terms(
    output: HMRMambaOutput, scenes: Scenes, regressor: Tensor, faces: Tensor, edges: bool
) -> dict[str, Tensor]:
    """Paper eq. 15, weights 1, 1, 0.1 and 20; the joint term on the mesh's, the refined and the lifted joints."""
    truth = scenes.joints[:, scenes.joints.shape[1] // 2]
    regressed = torch.einsum("jv,bva->bja", regressor, output.vertices)
    terms = {
        "vertices": (output.vertices - scenes.vertices).abs().mean(),
        "mesh_joints": (regressed - truth).abs().mean(),
        "refined": (output.joints - truth).abs().mean(),
        "lifted": (output.lifted - scenes.joints).abs().mean(),
        "normals": 0.1 * normal_loss(output.vertices, scenes.vertices, faces),
    }
    return terms | ({"edges": 20 * edge_loss(output.vertices, scenes.vertices, faces)} if edges else {})


class MeshErrors(NamedTuple):
    """Mean errors of the middle frame in mm, from the root joint.

    `lifted` and `mesh` are of joints (MPJPE), `vertices` of the mesh (MPVPE), `by_rule` of the mesh that a linear rule
    makes from the lifted joints alone.
    """

    lifted: float
    mesh: float
    vertices: float
    by_rule: float


@torch.no_grad()
def errors_of(
    network: HMRMamba, studio: Studio, config: HMRMambaTraining, seed: int, rule: Tensor | None = None
) -> MeshErrors:
    """On `config.windows` scenes; `rule` is from `mesh_rule`."""
    rows = []
    for scenes, output in _scenes(network, studio, config, seed):
        middle = scenes.joints.shape[1] // 2
        truth, lifted = scenes.joints[:, middle], _rooted(output.lifted[:, middle])
        joints = torch.einsum("jv,bva->bja", studio.regressor, output.vertices)
        ruled = scenes.vertices if rule is None else _ruled(lifted, rule)
        errors = (
            lifted - truth,
            _rooted(joints) - truth,
            output.vertices - joints[:, :1] - scenes.vertices,
            ruled - scenes.vertices,
        )
        rows.append(torch.stack([error.norm(dim=-1).mean(-1) for error in errors], dim=-1))
    return MeshErrors(*(torch.cat(rows).mean(0) * 1000).tolist())


@torch.no_grad()
def mesh_rule(network: HMRMamba, studio: Studio, config: HMRMambaTraining, seed: int) -> Tensor:
    """The linear rule `(3 J + 1, 3 V)` that gives vertices from lifted joints best: how far lifting alone leads."""
    size = 3 * len(network.config.parents) + 1
    square = torch.zeros(size, size, dtype=torch.float64, device=studio.regressor.device)
    product = square.new_zeros(size, 3 * network.config.vertices)
    for scenes, output in _scenes(network, studio, config, seed):
        lifted = _rooted(output.lifted[:, scenes.joints.shape[1] // 2]).flatten(1)
        given = F.pad(lifted, (0, 1), value=1.0).double()
        square += given.T @ given
        product += given.T @ scenes.vertices.flatten(1).double()
    ridge = 1e-4 * square.diagonal().mean() * torch.eye(size).to(square)
    rule: Tensor = torch.linalg.solve(square + ridge, product)
    return rule.float()


def _ruled(lifted: Tensor, rule: Tensor) -> Tensor:
    return torch.unflatten(F.pad(lifted.flatten(1), (0, 1), value=1.0) @ rule, -1, (-1, 3))


def _rooted(joints: Tensor) -> Tensor:
    return joints - joints[:, :1]


def _scenes(
    network: HMRMamba, studio: Studio, config: HMRMambaTraining, seed: int
) -> Iterator[tuple[Scenes, HMRMambaOutput]]:
    """The same scenes for the same seed, and what the network, in evaluation mode, says to them."""
    random = RandomSource(torch.Generator(studio.regressor.device).manual_seed(seed))
    was_training = network.training
    network.eval()
    for begin in range(0, config.windows, config.mesh_batch):
        scenes = film(studio, min(config.mesh_batch, config.windows - begin), config.filming, random)
        yield scenes, network(scenes.keypoints, scenes.features)
    network.train(was_training)


def fit_hmrmamba(
    config: HMRMambaTraining,
    data: Path,
    folder: Path,
    *,
    body: Body | None = None,
    validate_every: int = 250,
    **trainer: Any,
) -> dict[str, MeshErrors]:
    """Train on the shards in `data`, or go on from `folder/last.ckpt`; errors on validation and test people.

    The network is put on `body`, the free one if none is given. Leaves the averaged weights that were best by the
    validation people's vertex error, `errors.json` and `curves.png` in `folder`. Raises BadInputError where `data` has
    no motion to train on.
    """
    lightning.seed_everything(config.seed)
    groups = split_clips(read_clips(data))
    if not all(groups):
        raise BadInputError(f"{data}: no motion shards with people to train on, to choose by and to test on.")
    body = body or load_body()
    topology = topology_of(body)
    config = replace(config, network=on_body(config.network, topology))
    training, validation, test = (build_studio(group, body, config.seed) for group in groups)
    task = HMRMambaTask(config, topology, training, validation)
    options = {"validate_every": validate_every, "gradient_clip_val": 1.0, **trainer}
    run(task, folder, config.lift_steps + config.mesh_steps, **options)
    errors = _final_errors(task, {"validation": validation, "test": test})
    with whole_file(folder / "errors.json") as part:
        part.write_text(json.dumps(_as_scores(errors), indent=1), encoding="utf-8")
    card = WeightsCard(folder.name, f"shards in {data.name}, filmed", "", asdict(config), _as_scores(errors))
    save_weights(task.network, card, folder / f"{folder.name}.safetensors")
    draw_panels(sorted(folder.glob("curves/*/metrics.csv")), PANELS, folder / "curves.png")
    return errors


def _as_scores(errors: dict[str, MeshErrors]) -> dict[str, Any]:
    return {group: row._asdict() for group, row in errors.items()}


def _final_errors(task: HMRMambaTask, others: dict[str, Studio]) -> dict[str, MeshErrors]:
    studio, config = task.studios["train"], task.config
    network = task.network.to(studio.regressor.device)
    rule = mesh_rule(network, studio, replace(config, windows=8 * config.windows), RULE_SEED)
    seeds = {"validation": VALIDATION_SEED, "test": TEST_SEED}
    return {
        name: errors_of(network, other.to(studio.regressor.device), config, seeds[name], rule)
        for name, other in others.items()
    }

"""The commands of `mocamba`, one file each; they alone draw bars, print and choose exit codes."""

import typer

from . import (
    bake,
    camera,
    capture,
    demo,
    devices,
    evaluate,
    importing,
    networks,
    panel,
    shards,
    simulate,
    solve,
    takes,
    train,
)


def add_commands(app: typer.Typer) -> None:
    """Put the commands of this package on `app`."""
    app.command("import", help=importing.HELP)(importing.import_command)
    app.command("solve", help=solve.HELP)(solve.solve_command)
    app.command("bake", help=bake.HELP)(bake.bake_command)
    app.command("evaluate", help=evaluate.HELP)(evaluate.evaluate_command)
    app.command("networks", help=networks.HELP)(networks.networks_command)
    app.command("shards", help=shards.HELP)(shards.shards_command)
    app.command("train", help=train.HELP)(train.train_command)
    app.command("demo", help=demo.HELP)(demo.demo_command)
    app.command("capture", help=capture.HELP)(capture.capture_command)
    app.command("camera", help=camera.HELP)(camera.camera_command)
    app.command("panel", help=panel.HELP)(panel.panel_command)
    app.command("devices", help=devices.HELP)(devices.devices_command)
    app.add_typer(takes.takes_app(), name="takes")
    app.command("simulate", help=simulate.HELP)(simulate.simulate_command)

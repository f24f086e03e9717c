"""``geobfdt models``: a registry of models and the record of who made which one the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, print_table

app = typer.Typer(
    no_args_is_help=True,
    help="Keep models: what is in them, which one is the champion, and who decided so.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Folder = Annotated[Path, typer.Argument(metavar="REGISTRY", help="Folder of the registry.")]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A name (champion), the first digits of its digest or of its weights', or its source in a pick table.",
    ),
]
Why = Annotated[str, typer.Option(help="In words, for the record.")]
Who = Annotated[str | None, typer.Option(help="For the record. [default: the user of this machine]")]

# Tables show this many characters of a digest.
_DIGEST_CHARACTERS = 12


@app.command("add")
def add(registry: Folder, bundle: Annotated[str, typer.Argument()], why: Why = "", who: Who = None) -> None:
    """Add a model to the registry: a folder that geobfdt train wrote, or default."""
    from geobfdt.model.registry import Registry

    console().print(Registry(registry).add(bundle, who=who, why=why)[:_DIGEST_CHARACTERS])


@app.command("list")
def list_(registry: Folder, as_json: AsJson = False) -> None:
    """List models with their names."""
    from geobfdt.model.registry import Registry
    from geobfdt.runtime.findings import InputError

    models = Registry.at(registry)
    called = {digest: [n for n, d in models.names().items() if d == digest] for digest in models.bundles()}
    signed = {entry.bundle: entry.who for entry in models.record() if entry.action == "sign"}
    added = {entry.bundle: entry.at for entry in models.record() if entry.action == "add"}
    rows = []
    for digest, names in called.items():
        card, state = {}, "whole"
        try:
            card = models.card(digest)
        except InputError as error:
            # A damaged model must not hide the others.
            state = error.observed if models.damage(digest) is None else f"damaged: {error.observed}"
        rows.append(
            {
                "model": digest[:_DIGEST_CHARACTERS], "weights": (models.weights(digest) or "")[:_DIGEST_CHARACTERS],
                "called": ", ".join(names),
                "name": card.get("name", ""), "from": card.get("from") or "", "added": added[digest],
                "signed by": signed.get(digest, ""), "state": state,
            }
        )  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        brief = [{**row, "added": row["added"][:10], "state": row["state"].split(":")[0]} for row in rows]
        print_table(f"{len(rows)} models", brief, unbroken=("model", "weights", "state"))


@app.command("show")
def show(registry: Folder, model: Model, as_json: AsJson = False) -> None:
    """Show the card of a model and its records."""
    from dataclasses import asdict

    import yaml

    from geobfdt.model.registry import Registry

    models = Registry.at(registry)
    digest = models.find(model)
    bundle = models.whole(digest)
    summary = {
        "digest": digest,
        "weights": models.weights(digest),
        "source": bundle.source,
        "card": bundle.card,
        "record": [asdict(entry) for entry in models.record() if entry.bundle == digest],
    }
    if as_json:
        print_json(summary)
    else:
        console().print(yaml.safe_dump(summary, sort_keys=False).rstrip(), markup=False)


@app.command("record")
def record(registry: Folder, as_json: AsJson = False) -> None:
    """Show who did what, when and why."""
    from dataclasses import asdict

    from geobfdt.model.registry import Registry

    entries = [asdict(entry) for entry in Registry.at(registry).record()]
    if as_json:
        print_json(entries)
    else:
        print_table("Record", [{**entry, "bundle": entry["bundle"][:_DIGEST_CHARACTERS]} for entry in entries])


@app.command("promote")
def promote(
    registry: Folder,
    model: Model,
    name: Annotated[str, typer.Option("--as", help="New name of the model.")] = "champion",
    why: Why = "",
    who: Who = None,
) -> None:
    """Name a model the champion, or give it another name."""
    from geobfdt.model.registry import Registry

    Registry.at(registry).name(model, name, who=who, why=why)


@app.command("back")
def back(
    registry: Folder,
    name: Annotated[str, typer.Option("--as", help="Name to reset.")] = "champion",
    why: Why = "",
    who: Who = None,
) -> None:
    """Go back to the former champion."""
    from geobfdt.model.registry import Registry

    console().print(Registry.at(registry).back(name, who=who, why=why)[:_DIGEST_CHARACTERS])


@app.command("sign")
def sign(
    registry: Folder,
    model: Model,
    who: Annotated[str, typer.Option(help="Person who signs.")],
    why: Annotated[str, typer.Option(help="Reason.")],
) -> None:
    """Record that a person signs a model."""
    from geobfdt.model.registry import Registry

    Registry.at(registry).sign(model, who=who, why=why)


@app.command("verify")
def verify(registry: Folder, as_json: AsJson = False) -> None:
    """Check that no model has changed since it was added; the exit status is 1 if one has."""
    from geobfdt.model.registry import Registry

    results = Registry.at(registry).verify()
    if as_json:
        # In the output for machines an intact model has an empty line.
        print_json({digest: wrong or "" for digest, wrong in results.items()})
    else:
        for digest, wrong in results.items():
            console().print(f"{digest[:_DIGEST_CHARACTERS]} {wrong or 'whole'}", markup=False)
    raise typer.Exit(int(any(results.values())))


@app.command("diff")
def diff(registry: Folder, a: Model, b: Model, as_json: AsJson = False) -> None:
    """Show the differences between two models: settings, cards, weights."""
    from geobfdt.model.registry import Registry

    differences = Registry.at(registry).diff(a, b)
    if as_json:
        print_json(differences)
        return
    for part in ("settings", "card"):
        if differences[part]:
            rows = [{"": key, a: str(x)[:40], b: str(y)[:40]} for key, (x, y) in differences[part].items()]
            print_table(part.capitalize(), rows)
    apart = list(differences["weights"].items())
    rows = [{"tensor": name, "relative difference": round(value, 6)} for name, value in apart[:10] if value]
    print_table(f"Weights: {sum(value > 0 for _, value in apart)} of {len(apart)} tensors differ", rows)


@app.command("export")
def export(registry: Folder, model: Model, file: Annotated[Path, typer.Argument()]) -> None:
    """Write a model as one file, for another machine."""
    from geobfdt.model.registry import Registry

    Registry.at(registry).export(model, file)


@app.command("import")
def import_(registry: Folder, file: Annotated[Path, typer.Argument()], why: Why = "", who: Who = None) -> None:
    """Add a model from a file that geobfdt models export wrote."""
    from geobfdt.model.registry import Registry

    console().print(Registry(registry).import_(file, who=who, why=why)[:_DIGEST_CHARACTERS])


@app.command("card")
def card(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A folder that geobfdt train wrote, default, or REGISTRY@MODEL.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for model-card.md and model-card.cdx.json.")],
    results: Annotated[
        Path | None, typer.Option(help="Folder of files that benchmarks wrote; those of other weights are left out.")
    ] = None,
) -> None:
    """Write the model card (Markdown) and the bill of materials (CycloneDX) of a model."""
    from geobfdt.model.model_card import write_model_card

    for file in write_model_card(model, out, results):
        console().print(str(file), markup=False, soft_wrap=True)


def register(main: typer.Typer) -> None:
    """Add the verbs to the application."""
    main.add_typer(app, name="models")

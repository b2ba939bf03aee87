"""The commands and their options. Each body imports what it needs, so that `--help` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Judge a document's signatures and seals, and say how sure that is.",
)
seals_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The registered seals.")
app.add_typer(seals_app, name="seals")

FilesArgument = Annotated[list[Path], typer.Argument(help="Files, or folders of files.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="One line of JSON per file on stdout.")]
OutOption = Annotated[Optional[Path], typer.Option("--out", help="Folder to write to.", show_default=False)]  # noqa: UP045
SealsOption = Annotated[
    Optional[Path], typer.Option("--seals", help="Folder of registered seals (<id>/seal.toml).", show_default=False)  # noqa: UP045
]
Text = Optional[str]  # noqa: UP045


@app.command()
def check(
    files: FilesArgument,
    seals: SealsOption = None,
    seal: Annotated[
        list[str] | None, typer.Option(help="Id of the seal that the imprint should be of.", show_default=False)
    ] = None,
    trust: Annotated[
        Optional[list[Path]], typer.Option(help="Folder of root certificates (PEM or DER).", show_default=False)  # noqa: UP045
    ] = None,
    at: Annotated[Text, typer.Option(help="The moment to judge for; now by default.", show_default=False)] = None,
    document_date: Annotated[
        Text, typer.Option(help="The document's date, where you know it.", show_default=False)
    ] = None,
    policy: Annotated[str, typer.Option(help="default, strict, or a TOML file.")] = "default",
    password_file: Annotated[
        Optional[Path], typer.Option(help="File whose first line is the PDF's password.", show_default=False)  # noqa: UP045
    ] = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Check documents: was it changed, who signed, is it the registered seal, was its use approved?"""
    from verify.cli import check as command

    raise typer.Exit(
        command.run(
            files,
            seals=seals,
            seal=seal or [],
            trust=trust or [],
            at=at,
            document_date=document_date,
            policy=policy,
            password_file=password_file,
            lang=lang,
            json=json,
            out=out,
        )
    )


@app.command()
def find(files: FilesArgument, json: JsonOption = False, out: OutOption = None) -> None:
    """Find the imprints on documents and pictures: page, box, shape, ink, size."""
    from verify.cli import find as command

    raise typer.Exit(command.run(files, json=json, out=out))


@app.command()
def compare(
    questioned: Annotated[
        Path | None, typer.Argument(help="Picture of the questioned imprint.", show_default=False)
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Argument(help="Pictures of the seal's specimens.", show_default=False)
    ] = None,
    dpi: Annotated[
        float | None,
        typer.Option(help="Resolution of the questioned picture; else from the file.", show_default=False),
    ] = None,
    reference_dpi: Annotated[
        float | None, typer.Option(help="Resolution of the specimens; else from the files.", show_default=False)
    ] = None,
    pairs: Annotated[Optional[Path], typer.Option(help="CSV of many comparisons.", show_default=False)] = None,  # noqa: UP045
    workers: Annotated[int, typer.Option(help="Processes for --pairs.")] = 2,
    json: Annotated[bool, typer.Option("--json", help="The comparison as JSON on stdout.")] = False,
    out: OutOption = None,
) -> None:
    """Compare an imprint with a seal's specimens, or many pairs (--pairs pairs.csv --out scores.jsonl)."""
    from verify.cli import compare as command

    if pairs is not None:
        command.run_pairs(pairs, out=out, workers=workers)
    else:
        command.run(questioned, reference or [], dpi=dpi, reference_dpi=reference_dpi, json=json, out=out)


@app.command()
def judge(
    report: Annotated[Path, typer.Argument(help="A report.json.", show_default=False)],
    policy: Annotated[str, typer.Option(help="default, strict, or a TOML file.")] = "default",
    json: Annotated[bool, typer.Option("--json", help="The new report as JSON on stdout.")] = False,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Judge a kept report again under a policy, without the document."""
    from verify.cli import judge as command

    command.run(report, policy=policy, json=json, lang=lang)


@app.command()
def doctor() -> None:
    """Say what this machine lacks."""
    from verify.cli import doctor as command

    command.run()


@app.command()
def schema(
    name: Annotated[
        Text,
        typer.Argument(
            help="report, refusal, imprints, comparison, seal, uses, checks; all without.", show_default=False
        ),
    ] = None,
) -> None:
    """Print the JSON Schemas that others build on, and the checks."""
    from verify.cli import schema as command

    command.run(name)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    seals: SealsOption = None,
    trust: Annotated[
        Optional[list[Path]], typer.Option(help="Folder of root certificates (PEM or DER).", show_default=False)  # noqa: UP045
    ] = None,
    policy: Annotated[str, typer.Option(help="default, strict, or a TOML file.")] = "default",
    view: Annotated[str, typer.Option(help="public, or full for the operator's own machine.")] = "public",
    force: Annotated[bool, typer.Option("--force", help="Give the full view to whoever reaches --host.")] = False,
) -> None:
    """Serve a page and an interface to which documents are handed in. Nobody signs in yet."""
    from verify.cli import serve as command

    command.run(host=host, port=port, seals=seals, trust=trust or [], policy=policy, view=view, force=force)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the cases to.")] = Path("sigillum-demo"),
) -> None:
    """Make the demonstration's cases, check each, and hold what is found against what is expected."""
    from verify.cli import demo as command

    raise typer.Exit(command.run(out))


@seals_app.command("list")
def seals_list(
    seals: SealsOption = None, json: Annotated[bool, typer.Option("--json", help="One line of JSON per seal.")] = False
) -> None:
    """List the registered seals."""
    from verify.cli import seals as command

    command.list_seals(seals, json=json)


def _version(value: bool) -> None:
    if value:
        from verify.version import VERSION

        print(f"sigillum {VERSION}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass

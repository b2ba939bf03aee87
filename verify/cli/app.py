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
archive_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Many documents, and the flags among them.")
app.add_typer(archive_app, name="archive")
trust_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The certificates that are trusted.")
app.add_typer(trust_app, name="trust")

FilesArgument = Annotated[list[Path], typer.Argument(help="Files, or folders of files.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="One line of JSON per file on stdout.")]
OutOption = Annotated[Optional[Path], typer.Option("--out", help="Folder to write to.", show_default=False)]  # noqa: UP045
SealsOption = Annotated[
    Optional[Path], typer.Option("--seals", help="Folder of registered seals (<id>/seal.toml).", show_default=False)  # noqa: UP045
]
TrustOption = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option(
        help="Folder of root certificates (PEM or DER), a certificate, a profile's TOML, or the name of a stored profile; "
        "the trust store's default profile without.",
        show_default=False,
    ),
]
Text = Optional[str]  # noqa: UP045
CalibrationOption = Annotated[
    Text,
    typer.Option(
        "--calibration", help="Name of a calibration; as set, else the release's, without.", show_default=False
    ),
]


@app.command()
def check(
    files: FilesArgument,
    seals: SealsOption = None,
    seal: Annotated[
        list[str] | None, typer.Option(help="Id of the seal that the imprint should be of.", show_default=False)
    ] = None,
    trust: TrustOption = None,
    at: Annotated[Text, typer.Option(help="The moment to judge for; now by default.", show_default=False)] = None,
    document_date: Annotated[
        Text, typer.Option(help="The document's date, where you know it.", show_default=False)
    ] = None,
    certificate: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The signer's certificate, for signatures that carry none.", show_default=False),
    ] = None,
    policy: Annotated[
        Text, typer.Option(help="default, strict, or a TOML file; else as set.", show_default=False)
    ] = None,
    password_file: Annotated[
        Optional[Path], typer.Option(help="File whose first line is the PDF's password.", show_default=False)  # noqa: UP045
    ] = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask the addresses in certificates for missing issuers and revocation answers."),
    ] = False,
    original: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The signed file, for a signature that lies beside it (.p7s).", show_default=False),
    ] = None,
    calibration: CalibrationOption = None,
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
            certificate=certificate,
            policy=policy,
            password_file=password_file,
            online=online,
            original=original,
            calibration=calibration,
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
    workers: Annotated[
        int | None, typer.Option(help="Processes for --pairs; one for each core without.", show_default=False)
    ] = None,
    calibration: CalibrationOption = None,
    json: Annotated[bool, typer.Option("--json", help="The comparison as JSON on stdout.")] = False,
    out: OutOption = None,
) -> None:
    """Compare an imprint with a seal's specimens, or many pairs (--pairs pairs.csv --out scores.jsonl)."""
    if pairs is not None:
        from verify.cli import pairs as table

        table.run(pairs, out=out, workers=workers, calibration=calibration)
    else:
        from verify.cli import compare as command

        command.run(
            questioned,
            reference or [],
            dpi=dpi,
            reference_dpi=reference_dpi,
            json=json,
            out=out,
            calibration=calibration,
        )


@app.command()
def validate(
    scores: Annotated[
        Path, typer.Argument(help="What compare --pairs wrote, with a column `label`.", show_default=False)
    ],
    out: OutOption = None,
    fit: Annotated[
        Text, typer.Option("--fit", help="Also make a calibration of this name from the pairs.", show_default=False)
    ] = None,
    pairs_are: Annotated[str, typer.Option(help="real or simulated: what the pairs are.")] = "real",
    null_share: Annotated[
        float, typer.Option(help="Share of pairs without a ratio beyond which they count as errors.", min=0.0, max=1.0)
    ] = 0.05,
    json: Annotated[bool, typer.Option("--json", help="The rates as JSON on stdout.")] = False,
) -> None:
    """Error rates of the comparison on your own labelled pairs, and a calibration from them (--fit NAME)."""
    from verify.cli import validate as command

    command.run(scores, out=out, fit=fit, pairs_are=pairs_are, null_share=null_share, json=json)


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
def export(
    report: Annotated[Path, typer.Argument(help="A report.json.", show_default=False)],
    form: Annotated[str, typer.Option("--as", help="etsi: validation report in XML, ETSI TS 119 102-2.")] = "etsi",
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="File to write; stdout without.", show_default=False),
    ] = None,
) -> None:
    """Write a kept report's signatures in the form that other validators write."""
    from verify.cli import export as command

    command.run(report, form=form, out=out)


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
    trust: TrustOption = None,
    policy: Annotated[
        Text, typer.Option(help="default, strict, or a TOML file; else as set.", show_default=False)
    ] = None,
    calibration: CalibrationOption = None,
    view: Annotated[str, typer.Option(help="public, or full for the operator's own machine.")] = "public",
    force: Annotated[bool, typer.Option("--force", help="Give the full view to whoever reaches --host.")] = False,
) -> None:
    """Serve a page and an interface to which documents are handed in. Nobody signs in yet."""
    from verify.cli import serve as command

    command.run(
        host=host,
        port=port,
        seals=seals,
        trust=trust or [],
        policy=policy,
        calibration=calibration,
        view=view,
        force=force,
    )


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
    """List the registered seals: those of a folder, else those of the records."""
    from verify.cli import seals as command

    command.list_seals(seals, json=json)


@seals_app.command("add")
def seals_add(
    id: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.", show_default=False)],
    owner: Annotated[str, typer.Option(help="The owner's registered name.", show_default=False)],
    kind: Annotated[
        str,
        typer.Option(
            help="company, contract, finance, invoice, personnel, legal-representative or other.", show_default=False
        ),
    ],
    shape: Annotated[str, typer.Option(help="round, oval, square, rectangle, triangle or other.", show_default=False)],
    size: Annotated[str, typer.Option(help="Millimetres, as 40 or 45x30.", show_default=False)],
    text: Annotated[str, typer.Option(help="The text on the seal.", show_default=False)],
    specimen: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="Picture of one impression, cut to the seal; three are asked for.", show_default=False),
    ] = None,
    dpi: Annotated[
        Optional[list[float]],  # noqa: UP045
        typer.Option(help="Resolution, once for all or once for each; else the file's own.", show_default=False),
    ] = None,
    taken: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Day of the impression, as --dpi; else the file's name if it is a day.", show_default=False),
    ] = None,
    unified_code: Annotated[Text, typer.Option(help="The owner's unified code.", show_default=False)] = None,
    unit: Annotated[Text, typer.Option(help="The branch or department that keeps it.", show_default=False)] = None,
    code: Annotated[Text, typer.Option(help="The number on the seal.", show_default=False)] = None,
    making: Annotated[
        str, typer.Option(help="rubber, photosensitive, pre-inked, metal, electronic or unknown.")
    ] = "unknown",
    valid_from: Annotated[Text, typer.Option(help="First day of validity.", show_default=False)] = None,
    valid_to: Annotated[Text, typer.Option(help="Last day of validity.", show_default=False)] = None,
    ledger_from: Annotated[
        Text, typer.Option(help="From this day the ledger holds every use of it.", show_default=False)
    ] = None,
) -> None:
    """Register a seal with pictures of its impressions."""
    from verify.cli import seals as command

    given = command.Given(
        id=id, owner=owner, unified_code=unified_code, unit=unit, kind=kind, shape=shape, size=size, text=text, code=code,
        making=making, valid_from=valid_from, valid_to=valid_to, ledger_from=ledger_from,
    )  # fmt: skip
    command.add(given, specimens=specimen or [], dpi=dpi or [], taken=taken or [])


@seals_app.command("import")
def seals_import(
    folder: Annotated[Path, typer.Argument(help="Folder of <id>/seal.toml.", show_default=False)],
) -> None:
    """Register the seals of a folder, and the uses in its uses.toml."""
    from verify.cli import seals as command

    raise typer.Exit(command.import_seals(folder))


@seals_app.command("export")
def seals_export(
    folder: Annotated[Path, typer.Argument(help="Folder to write <id>/seal.toml to.", show_default=False)],
    ids: Annotated[Optional[list[str]], typer.Argument(help="Seals; all without.", show_default=False)] = None,  # noqa: UP045
) -> None:
    """Write registered seals to a folder, in the form that import reads."""
    from verify.cli import seals as command

    raise typer.Exit(command.export_seals(folder, ids or []))


@seals_app.command("set-status")
def seals_set_status(
    id: Annotated[str, typer.Argument(show_default=False)],
    status: Annotated[str, typer.Argument(help="active, retired, destroyed or reported-lost.", show_default=False)],
    since: Annotated[str, typer.Option(help="The first day of the new status.", show_default=False)],
) -> None:
    """Enter a seal's new status; the former ones stay in its history."""
    from verify.cli import seals as command

    command.set_status(id, status, since=since)


@trust_app.command("list")
def trust_list(
    names: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="Profiles, folders or certificates; all stored profiles without.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON per anchor.")] = False,
) -> None:
    """List what is trusted: each anchor, what for, on whose word, and until when."""
    from verify.cli import trust as command

    command.list_anchors(names or [], json=json)


@trust_app.command("add")
def trust_add(
    places: Annotated[list[Path], typer.Argument(help="Certificates (PEM or DER), or folders.", show_default=False)],
    purposes: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--for", help="signing or time-stamping; both without.", show_default=False),
    ] = None,
    profile: Annotated[Text, typer.Option(help="Profile to add to; else the default one.", show_default=False)] = None,
) -> None:
    """Trust certificates from now on: copy them into the trust store, and print their fingerprints to compare."""
    from verify.cli import trust as command

    command.add(places, purposes=purposes or [], profile=profile)


@trust_app.command("update")
def trust_update(
    profile: Annotated[
        Text, typer.Option(help="A stored profile, or its TOML; all stored ones without.", show_default=False)
    ] = None,
) -> None:
    """Fetch the trusted lists that profiles name, check who signed them, and keep them."""
    from verify.cli import trust as command

    raise typer.Exit(command.update(profile))


@archive_app.command("ingest")
def archive_ingest(
    sources: Annotated[list[Path], typer.Argument(help="Folders of documents.", show_default=False)],
    seals: SealsOption = None,
    trust: TrustOption = None,
    policy: Annotated[
        Text, typer.Option(help="default, strict, or a TOML file; else as set.", show_default=False)
    ] = None,
    at: Annotated[
        Text, typer.Option(help="The moment to judge for; when the run began by default.", show_default=False)
    ] = None,
    calibration: CalibrationOption = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 2,
) -> None:
    """Examine many documents, each once; the same command again goes on where it was ended."""
    from verify.cli import archive as command

    command.ingest(
        sources, seals=seals, trust=trust or [], policy=policy, at=at, workers=workers, calibration=calibration
    )


@archive_app.command("status")
def archive_status() -> None:
    """Say how the last run stands."""
    from verify.cli import archive as command

    command.status()


@archive_app.command("flags")
def archive_flags(
    json: Annotated[bool, typer.Option("--json", help="One line of JSON per flag on stdout.")] = False,
) -> None:
    """List what somebody has to look at: document, page and reason."""
    from verify.cli import archive as command

    command.flags(json=json)


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

"""``surveyapp demo``: the built-in study with a synthetic panel, ready to look at and to fill in."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import click

from config import Config
from surveyapp.cli.frame import CHECKOUT, progress_bar
from surveyapp.cli.serving import listen, run_server
from surveyapp.errors import ConfigError
from surveyapp.questionnaire.loading import load
from surveyapp.services import accounts, panel, protocols, rehearsing, rounds, simulating
from surveyapp.services.schema import migrate
from surveyapp.services.studies import create_study, get_study, list_studies
from surveyapp.services.unit import Database, read_now

QUESTIONNAIRE = CHECKOUT / "questionnaires" / "systemic-risk-mitigations.yaml"
PROTOCOL = CHECKOUT / "questionnaires" / "systemic-risk-mitigations.protocol.yaml"
FOLDER = CHECKOUT / "var" / "demo"
TITLE = "Mitigations for systemic AI risks"
SLUG = "systemic-ai-mitigations"
ORGANISER = "organiser@example.org"
EXPERT = "synthetic-expert-01@example.org"
PANEL = 76
# These do not answer round 2 by themselves: the first is whoever tries the demo, the last are still to come.
SPARED = (EXPERT, *(f"synthetic-expert-{number:02}@example.org" for number in range(54, PANEL + 1)))
# Whoever tries the demo should see a reply appear, without being two people.
DISCUSSION = b"discussion: {marks: true, replies: true, moderated: false}\n"
SEED = 27
SHARE_OF_ROUND_1, SHARE = 0.95, 0.85
# Invented panellists who never come stay waiting; where no more than these are left, everybody had a turn.
LEFT_OUT = 20
_ACTOR = "demo"
_OPEN_FOR = timedelta(days=30)


@click.command()
@click.option(
    "--folder",
    default=CHECKOUT / "var" / "demo",
    type=click.Path(path_type=Path),
    help="Where to keep its data.",
)
def demo(folder: Path) -> None:
    """Show the built-in study with a synthetic panel; HOST and PORT say where to listen.

    Everything is kept in one folder (var/demo), so that the next start goes on where this one ended.
    Delete the folder to begin anew.

    \b
    Example:
      PORT=8080 surveyapp demo
    """
    environ = demo_settings(folder, host=os.environ.get("HOST", ""), port=os.environ.get("PORT", ""))
    config = Config.from_environment(environ)
    # The port first: nobody should wait for a study that cannot be shown.
    listener = listen(config.host, config.port)
    database = Database(config.database_url)
    try:
        password = prepare(database, config)
        link = expert_link(database, config)
    finally:
        # Nothing that is open now may be inherited by the web processes.
        database.close()

    def announce() -> None:
        click.echo(f"\n{TITLE} (synthetic panel of {PANEL} invented experts)\n")
        click.echo(f"  Organiser   {config.base_url}/organiser/")
        click.echo(f"              e-mail    {ORGANISER}")
        click.echo(f"              password  {password}")
        click.echo(f"  One expert  {link}\n")
        click.echo(f"Stop with Ctrl-C. The data stay in {folder}.")

    run_server(config, listener, environ={**_without_settings(os.environ), **environ}, announce=announce)


def demo_settings(folder: Path, *, host: str, port: str) -> dict[str, str]:
    """The demo's own settings; those of an installation on the same machine are never touched."""
    host = host.strip() or "127.0.0.1"
    port = port.strip() or "8000"
    shown = _own_address(host) if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    shown = f"[{shown}]" if ":" in shown else shown
    return {
        "SURVEYAPP_ENVIRONMENT": "development",
        "SURVEYAPP_DATA_DIR": str(folder.absolute()),
        "SURVEYAPP_DATABASE_URL": f"sqlite:///{folder.absolute() / 'surveyapp.sqlite3'}",
        "SURVEYAPP_HOST": host,
        "SURVEYAPP_PORT": port,
        "SURVEYAPP_BASE_URL": f"http://{shown}:{port}",
    }


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("SURVEYAPP_")}


def _own_address(host: str) -> str:
    """The address under which others reach this machine; asking the routing table sends nothing."""
    family, far = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
        except OSError:
            return "::1" if ":" in host else "127.0.0.1"
        return str(probe.getsockname()[0])


def prepare(database: Database, config: Config) -> str:
    """Make what is missing of the demo, and return the organiser's password.

    May be interrupted anywhere: the next start makes what is still missing.
    """
    migrate(database)
    with database.reading() as session:
        is_there = any(each.slug == SLUG for each in list_studies(session))
    if not is_there:
        click.echo("Making the study and its synthetic panel …", err=True)
        _make_study(database, config)
    password = _make_organiser(database, config.data_dir)
    _simulate(database, config)
    return password


def _make_study(database: Database, config: Config) -> None:
    questionnaire = load(QUESTIONNAIRE)
    people = simulating.synthetic_panel(PANEL, groups=[group.id for group in questionnaire.groups], seed=SEED)
    with database.verb() as session:
        now = read_now(session)
        study = create_study(
            session,
            questionnaire=questionnaire,
            source=QUESTIONNAIRE.read_text(encoding="utf-8"),
            title=TITLE,
            slug=SLUG,
            now=now,
            actor=_ACTOR,
            organisation="Surveyapp demo",
            contact_email=ORGANISER,
            is_synthetic=True,
        )
        panel.import_panel(
            session,
            study=study,
            questionnaire=questionnaire,
            rows=people,
            now=now,
            actor=_ACTOR,
            link_key=config.link_key.encode(),
            is_synthetic=True,
        )
        protocols.set_protocol(
            session,
            study=study,
            file=PROTOCOL.name,
            content=PROTOCOL.read_bytes() + DISCUSSION,
            now=now,
            actor=_ACTOR,
        )
        protocols.lock_protocol(session, study=study, now=now, actor=_ACTOR)


def _make_organiser(database: Database, folder: Path) -> str:
    kept = folder / "organiser-password"
    if kept.is_file():
        password = kept.read_text(encoding="ascii").strip()
    else:
        password = secrets.token_urlsafe(12)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(password + "\n")
    with database.reading() as session:
        is_there = accounts.has_organiser(session, email=ORGANISER)
        credentials = accounts.find_credentials(session, email=ORGANISER)
    if accounts.is_password(credentials, password=password):
        return password
    password_hash = accounts.hash_password(password)
    with database.verb() as session:
        now = read_now(session)
        if is_there:
            accounts.set_password(
                session, email=ORGANISER, password_hash=password_hash, now=now, actor=_ACTOR
            )
            return password
        accounts.add_organiser(
            session, email=ORGANISER, password=password, password_hash=password_hash, now=now, actor=_ACTOR
        )
        for study in list_studies(session):
            accounts.grant(session, email=ORGANISER, study=study, role="owner", now=now, actor=_ACTOR)
    return password


def _simulate(database: Database, config: Config) -> None:
    """Round 1 answered, closed and released; round 2 open, with most of its answers in."""
    link_key = config.link_key.encode()
    if _latest_round(database) in {(0, ""), (1, "open"), (1, "closed")}:
        with progress_bar("The synthetic panel answers round 1", PANEL) as advance:
            rehearsing.rehearse(
                database,
                slug=SLUG,
                link_key=link_key,
                actor=_ACTOR,
                count=1,
                seed=SEED,
                share=SHARE_OF_ROUND_1,
                progress=advance,
            )
    if _latest_round(database) == (1, "released"):
        with database.verb() as session:
            study, now = get_study(session, slug=SLUG), read_now(session)
            rounds.open_round(session, study=study, now=now, actor=_ACTOR, closes_at=now + _OPEN_FOR)
    if _latest_round(database) != (2, "open"):
        return
    with database.reading() as session:
        waiting = simulating.count_waiting(session, study=get_study(session, slug=SLUG), spare=SPARED)
    if waiting > LEFT_OUT:
        with progress_bar("… and round 2", waiting) as advance:
            simulating.simulate(
                database,
                slug=SLUG,
                link_key=link_key,
                actor=_ACTOR,
                seed=SEED,
                share=SHARE,
                spare=SPARED,
                with_personas=True,
                progress=advance,
            )


def _latest_round(database: Database) -> tuple[int, str]:
    with database.reading() as session:
        current = rounds.get_current_round(session, study_id=get_study(session, slug=SLUG).id)
    return (0, "") if current is None else (current.number, current.state)


def expert_link(database: Database, config: Config) -> str:
    """The link of the expert that whoever tries the demo may be."""
    with database.reading() as session:
        study = next(each for each in list_studies(session) if each.slug == SLUG)
        for each in panel.list_links(
            session, study=study, link_key=config.link_key.encode(), base_url=config.base_url
        ):
            if each.email == EXPERT:
                return each.link
    raise ConfigError(
        f"{EXPERT} has declined or withdrawn. Delete the folder {config.data_dir} to begin the demo anew."
    )

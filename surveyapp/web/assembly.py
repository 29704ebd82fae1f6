"""The parts that `create_app` lists, one function each."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from config import Config
from surveyapp.extensions import babel
from surveyapp.services.unit import Database
from surveyapp.web import errors, languages, security
from surveyapp.web.form_bodies import FormRequest

LARGEST_BODY = 1_000_000
_STATIC = Path(__file__).resolve().parent.parent / "static"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Number(IntegerConverter):
    """`<number:id>` in an address: as we write numbers, and none that a database cannot hold."""

    regex = "[1-9][0-9]{0,8}"


def make_flask(config: Config) -> Flask:
    """The bare application with its limits and keys."""
    # The address of static files carries a hash of them all, so that browsers may keep them for ever and
    # scripts that import each other are always of one version.
    app = errors.DiscreetFlask("surveyapp", static_url_path=f"/static/{_hash_of(_STATIC)}")
    app.request_class = FormRequest
    app.config.update(
        SECRET_KEY=config.secret_key,
        TESTING=config.environment == "test",
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=5_000,
        # A long questionnaire may lie open for days; the token ends with its session.
        WTF_CSRF_TIME_LIMIT=None,
        # An unknown host has no page anyway, and a redirect must never name one.
        PREFERRED_URL_SCHEME=urlsplit(config.base_url).scheme,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.url_map.strict_slashes = True
    app.url_map.converters["number"] = Number
    if config.proxies:
        hops = config.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask's documented way to add middleware
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    return app


def _trusted_hosts(config: Config) -> frozenset[str]:
    base = urlsplit(config.base_url).hostname or "localhost"
    own = {f"[{base}]" if ":" in base else base}
    return frozenset(own if config.is_production else own | set(_LOOPBACK))


def add_database(app: Flask, config: Config) -> None:
    """The study database, opened lazily and once per process."""
    app.extensions["surveyapp.config"] = config
    app.extensions["surveyapp.database"] = Database(config.database_url, pool_size=max(config.threads, 1))


def add_languages(app: Flask) -> None:
    """Translations, and the language each page is written in."""
    app.config["BABEL_DEFAULT_LOCALE"] = languages.SOURCE_LANGUAGE
    babel.init_app(app, locale_selector=languages.select_locale)
    app.jinja_env.globals.update(
        page_language=languages.page_language,
        page_direction=languages.page_direction,
        written_time=languages.written_time,
    )


def add_doors(app: Flask, config: Config) -> None:
    """Sessions, the check of where a request comes from, and the headers of every response."""
    app.session_interface = security.Sessions(is_https=config.is_https)
    app.before_request(security.make_host_check(_trusted_hosts(config)))
    app.before_request(security.refuse_foreign_origin)
    app.after_request(security.add_headers)


def add_error_pages(app: Flask) -> None:
    """A kind page for every refusal and every fault."""
    errors.register(app)


def _hash_of(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:12]


def add_static_files(app: Flask) -> None:
    """`static_file('app.css')` for templates."""

    def static_file(name: str) -> str:
        # Not url_for: the page that refuses an unknown host has no addresses to build from.
        return f"{request.script_root}{app.static_url_path}/{name}"

    app.jinja_env.globals["static_file"] = static_file


def add_health(app: Flask) -> None:
    """`/health` for whoever watches over the installation: whether pages and database answer."""

    @app.get("/health")
    def health() -> Response:
        database: Database = app.extensions["surveyapp.database"]
        with database.reading() as session:
            session.execute(text("SELECT 1"))
        return Response("ok\n", mimetype="text/plain")


def add_expert_pages(app: Flask) -> None:
    """Everything an expert sees."""
    from surveyapp.web import expert  # noqa: PLC0415 - audiences are loaded by the list, not by each other

    app.register_blueprint(expert.links)
    app.register_blueprint(expert.seat)


def add_organiser_pages(app: Flask) -> None:
    """Everything an organiser sees."""
    if find_spec("surveyapp.web.organiser") is None:
        return
    from surveyapp.web import organiser, preview  # noqa: PLC0415 - as above

    preview.add_routes()
    app.register_blueprint(organiser.blueprint)

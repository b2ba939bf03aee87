"""Where records and models live and which policy holds: a TOML file, overridden by the environment.

The file is `$SIGILLUM_SETTINGS`, else `$XDG_CONFIG_HOME/sigillum/settings.toml` (~/.config/…); each field is also
an environment variable, as SIGILLUM_RECORDS. Read by the edges and keeping only: the judging band takes arguments.
"""

from __future__ import annotations

import os
from pathlib import Path
from tomllib import TOMLDecodeError

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from verify.core.errors import UsageError
from verify.stores.packaged import packaged


class Settings(BaseSettings):
    """What an operator may set. Paths may begin with ~."""

    model_config = SettingsConfigDict(env_prefix="SIGILLUM_", frozen=True, extra="forbid", env_ignore_empty=True)

    records: str | None = Field(
        default=None, description="The records' database: a path or an SQLAlchemy URL. Default: the user's data folder."
    )
    blobs: Path | None = Field(
        default=None, description="Folder of specimens and exhibits. Default: beside the database."
    )
    models: Path | None = Field(default=None, description="Folder of models. Default: what travels with the package.")
    calibration: str | None = Field(
        default=None, description="Name of the calibration that imprints are compared with. Default: the release's."
    )
    policy: str = Field(default="default", description="Name of a policy, or a TOML file.")
    network_allow: tuple[str, ...] = Field(
        default=(), description="Hosts and networks that --online may reach though they are not public."
    )
    network_ports: tuple[int, ...] = Field(default=(80, 443, 8080, 8443), description="Ports that --online may reach.")
    network_seconds: float = Field(default=30.0, gt=0, description="Time that --online may take for a document.")
    network_ca: Path | None = Field(
        default=None, description="PEM file of the authorities for https. Default: the system's."
    )
    network_cache: Path | None = Field(
        default=None, description="Folder of fetched answers. Default: the user's cache folder."
    )
    trust: Path | None = Field(
        default=None, description="Folder of the trust store. Default: trust in the user's data folder."
    )
    trust_profile: str = Field(default="default", description="Profile of the trust store used without --trust.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; no .env is read from wherever one happens to stand."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())

    @property
    def records_url(self) -> str:
        """The database as an SQLAlchemy URL."""
        place = self.records or str(_home("XDG_DATA_HOME", ".local/share") / "sigillum" / "records.db")
        return place if "://" in place else f"sqlite:///{Path(place).expanduser().absolute()}"

    @property
    def records_file(self) -> Path | None:
        """The database's file; None where it is a server's."""
        prefix = "sqlite:///"
        return Path(self.records_url.removeprefix(prefix)) if self.records_url.startswith(prefix) else None

    @property
    def blobs_folder(self) -> Path:
        """The folder of specimens and exhibits, beside the database unless set."""
        if self.blobs is not None:
            return self.blobs.expanduser().absolute()
        file = self.records_file
        base = file.parent if file else _home("XDG_DATA_HOME", ".local/share") / "sigillum"
        return base / "blobs"

    @property
    def trust_folder(self) -> Path:
        """The folder of trust profiles, added certificates and fetched lists; it need not exist."""
        if self.trust is not None:
            return self.trust.expanduser().absolute()
        return _home("XDG_DATA_HOME", ".local/share") / "sigillum" / "trust"

    @property
    def own_models(self) -> Path:
        """The folder of calibrations that `sigillum validate --fit` made here; it need not exist."""
        return _home("XDG_DATA_HOME", ".local/share") / "sigillum" / "models"

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """Where models are looked for by name, the first that knows it first: the release's, then the user's own.

        Raises VerifyError `data-missing`.
        """
        setting = None if self.models is None else self.models.expanduser().absolute()
        return packaged("models", setting=setting), self.own_models

    @property
    def descriptors_folder(self) -> Path:
        """Where descriptors of registered impressions are kept; it may be deleted at any time."""
        return _home("XDG_CACHE_HOME", ".cache") / "sigillum" / "descriptors"

    @property
    def cache_folder(self) -> Path:
        """Where fetched answers are kept."""
        if self.network_cache is not None:
            return self.network_cache.expanduser().absolute()
        return _home("XDG_CACHE_HOME", ".cache") / "sigillum" / "fetched"


def load_settings() -> Settings:
    """The settings as they stand now; raises UsageError `settings-invalid` naming the field."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UsageError(
            "settings-invalid",
            f"the settings are not valid: {where}: {first['msg']}",
            f"Correct {settings_file()} or the variable SIGILLUM_{where.upper()}.",
        ) from error
    except SettingsError as error:
        raise UsageError(
            "settings-invalid",
            f"the settings are not valid: {error}",
            "Lists in the environment are written as JSON: SIGILLUM_NETWORK_ALLOW='[\"pki.intern\"]'.",
        ) from error
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("settings-invalid", f"{settings_file()}: {error}", "Correct the file.") from error


def settings_file() -> Path:
    """Where the settings are looked for; the file need not exist."""
    named = os.environ.get("SIGILLUM_SETTINGS")
    return Path(named).expanduser() if named else _home("XDG_CONFIG_HOME", ".config") / "sigillum" / "settings.toml"


def _home(variable: str, default: str) -> Path:
    """An XDG base folder; the specification has a relative path ignored."""
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / default

"""The step in Django: a model with django-fsm-2's field, the log by django-fsm-log's signal, and an outbox row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import django
from django.conf import settings

from . import Kept, Work
from .places import Place

if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_fsm", "django_fsm_log"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections, models, transaction
from django.utils.timezone import now
from django_fsm import FSMField, transition
from django_fsm_log.decorators import fsm_log_by, fsm_log_description


class Partnership(models.Model):
    """A partnership; its log counts by whole numbers."""

    state = FSMField(default="active", protected=True)
    since = models.DateField(null=True)

    class Meta:
        """In no app of its own."""

        app_label = "stores"

    @fsm_log_by
    @fsm_log_description
    @transition(field=state, source="active", target="active")
    def renew(self, by: User, description: str) -> None:
        """Take the step; the signal writes the log."""


class Outgoing(models.Model):
    """The outbox."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    partnership = models.ForeignKey(Partnership, on_delete=models.PROTECT)
    type = models.CharField(max_length=190)
    time = models.DateTimeField(default=now)
    body = models.TextField()

    class Meta:
        """In no app of its own."""

        app_label = "stores"


def opened(place: Place) -> Kept:
    connection = connected(place, Partnership, Outgoing)
    office = actor()

    def begin(steps: int, work: Work) -> Callable[[], object]:
        coming = iter([made.pk for made in Partnership.objects.bulk_create([Partnership() for _ in range(steps)])])

        def step() -> None:
            with transaction.atomic():
                partnership = Partnership.objects.select_for_update().get(pk=next(coming))
                partnership.renew(by=office, description=work.decision)
                partnership.save()
                Outgoing.objects.create(partnership=partnership, type=work.type, body=work.body)

        return step

    return Kept(begin, lambda: connection.connection, connection.close)


def actor() -> User:
    """Return the user who takes the steps."""
    return User.objects.get_or_create(username="a.anderson")[0]


_at: list[Place] = []


def connected(place: Place, *tables: type[models.Model]) -> Any:
    """Point Django's one connection to a place's database, if it is not there yet, and create *tables* in it."""
    if place not in _at:
        _at[:] = [place]
        _connect(place)
        ContentType.objects.clear_cache()
        call_command("migrate", verbosity=0)
    connection: Any = connections["default"]
    with connection.schema_editor() as editor:
        for model in tables:
            editor.create_model(model)
    return connection


def _connect(place: Place) -> None:
    """Point Django's one connection to the place's database."""
    connections.close_all()
    url = place.of("django")
    if place.pragmas:
        given = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(url.database),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": ";".join(place.pragmas)},
        }
    else:
        given = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.database,
            "HOST": url.host,
            "PORT": url.port or 5432,
            "USER": url.username,
            "PASSWORD": url.password or "",
        }
    connections.settings = connections.configure_settings({"default": given | {"CONN_MAX_AGE": None}})
    if hasattr(connections._connections, "default"):
        del connections["default"]

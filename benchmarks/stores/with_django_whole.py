"""The step in Django that does what ours does except evaluating: it also reads file and history, and chains."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils.timezone import now
from django_fsm import FSMField
from django_fsm import transition as step_of
from django_fsm_log.decorators import fsm_log_by, fsm_log_description
from django_fsm_log.models import StateLog

from . import BEFORE, Kept, Work, chained, envelope
from .places import Place
from .with_django import actor, connected


class Followed(models.Model):
    """A partnership with the version, the last link and the number of events that ours keeps."""

    state = FSMField(default="active", protected=True)
    since = models.DateField(null=True)
    version = models.IntegerField(default=BEFORE)
    link = models.CharField(max_length=64, default="")
    events = models.IntegerField(default=BEFORE)

    class Meta:
        """In no app of its own."""

        app_label = "stores"

    @fsm_log_by
    @fsm_log_description
    @step_of(field=state, source="active", target="active")
    def renew(self, by: User, description: str) -> None:
        """Take the step; the signal writes the log."""


class Filed(models.Model):
    """An entry on a partnership's file."""

    partnership = models.ForeignKey(Followed, on_delete=models.PROTECT)
    seq = models.IntegerField(default=1)
    text = models.TextField(default="{}")
    link = models.CharField(max_length=64, default="")

    class Meta:
        """In no app of its own."""

        app_label = "stores"


class Told(models.Model):
    """The outbox, numbered."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    partnership = models.ForeignKey(Followed, on_delete=models.PROTECT)
    sequence = models.IntegerField()
    type = models.CharField(max_length=190)
    time = models.DateTimeField(default=now)
    body = models.TextField()

    class Meta:
        """In no app of its own, and no number twice."""

        app_label = "stores"
        unique_together = (("partnership", "sequence"),)


def opened(place: Place) -> Kept:
    connection = connected(place, Followed, Filed, Told)
    office = actor()

    def begin(steps: int, work: Work) -> Callable[[], object]:
        made = Followed.objects.bulk_create([Followed() for _ in range(steps)])
        Filed.objects.bulk_create([Filed(partnership=each) for each in made])
        kind = ContentType.objects.get_for_model(Followed)
        before = {"content_type": kind, "by": office, "state": "active", "source_state": "active"}
        StateLog.objects.bulk_create(
            StateLog(object_id=each.pk, transition="renew", **before) for each in made for _ in range(BEFORE)
        )
        connection.cursor().execute("ANALYZE")  # or SQLite uses an index on a column with nearly one value
        coming = iter([each.pk for each in made])

        def step() -> None:
            with transaction.atomic():
                one = Followed.objects.select_for_update().get(pk=next(coming))
                entries = list(Filed.objects.filter(partnership=one).order_by("seq"))
                steps_before = list(StateLog.objects.for_(one).order_by("pk"))
                one.version, one.events = one.version + 1, one.events + 1
                one.link = chained(
                    one.link, work, one.pk, one.version, len(steps_before), entries[-1].seq, entries[-1].link
                )
                one.renew(by=office, description=work.decision)
                one.save()
                body = envelope(work, one.pk, one.events, version=one.version)
                Told.objects.create(partnership=one, sequence=one.events, type=work.type, body=body)

        return step

    return Kept(begin, lambda: connection.connection, connection.close)

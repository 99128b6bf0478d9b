import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest
from district_on_fastapi import create_app, tables
from district_on_fastapi.models import Base, Booking, Employee, Programme, School
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from partnerflow import Actor, Partnerflow
from partnerflow.adapters.sqlalchemy import Tables

T = TypeVar("T")
OFFER = {"title": "Chess after school", "partner": "Riverbend Youth Center", "kind": "community_organization"}
FORM = {
    "contact": "Ines Moreno",
    "email": "ines@riverbend.example",
    "since": "2026-01-01",
    "summary": "Small groups after school",
    "area": "enrichment",
    "need": "nothing to do after 15:00",
    "why": "runs it in two schools nearby",
}
OFFICE = Actor("a", side="district", roles={"partnership_office"})
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the tests run: the tables are made once."""
    file = tmp_path_factory.mktemp("data") / "district.db"
    url = os.environ.get("DISTRICT_TEST_DATABASE", f"sqlite+aiosqlite:///{file}")
    asyncio.run(tables.main(url))
    return url


@pytest.fixture
async def app(url: str) -> AsyncIterator[FastAPI]:
    """The application as it runs, on a database with a school and two people who can log in."""
    app, theirs = create_app(url), Tables()
    async with app.router.lifespan_context(app):
        async with AsyncSession(app.state.engine) as session, session.begin():
            for table in (*reversed(Base.metadata.sorted_tables), *theirs.metadata.sorted_tables):
                if table is not theirs.schema:  # which says of what version they are
                    await session.execute(delete(table))
            session.add(School(id="255901001", name="Northside"))
            session.add_all([Employee(login="a", role="partnership_office"), Employee(login="z", role="cook")])
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Somebody of the partnership office."""
    transport, headers = ASGITransport(app), {"X-Remote-User": "a"}
    async with AsyncClient(transport=transport, base_url="http://district", headers=headers) as client:
        yield client


@pytest.fixture
async def chess(client: AsyncClient) -> dict[str, Any]:
    """A programme that is proposed and registered, and can go into vetting."""
    made = (await client.post("/schools/255901001/programmes", json=OFFER)).json()
    registered: dict[str, Any] = (await client.post(f"/programmes/{made['id']}/registration", json=FORM)).json()
    return registered


async def look(app: FastAPI, at: Callable[[Partnerflow], T]) -> T:
    """Look at what partnerflow has committed."""
    async with AsyncSession(app.state.engine) as session:
        return await session.run_sync(lambda session: at(app.state.flow.within(session)))


async def count(app: FastAPI, model: type[Any]) -> int:
    async with AsyncSession(app.state.engine) as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def board(client: AsyncClient, app: FastAPI) -> list[str]:
    """Return what is on the board once all that was heard is put up."""
    await app.state.heard.join()
    return [line.split(": ")[1] for line in (await client.get("/notices")).json()]


async def test_a_proposal_makes_our_row_and_a_partnership(client: AsyncClient, app: FastAPI) -> None:
    answer = await client.post("/schools/255901001/programmes", json=OFFER)
    assert (answer.status_code, answer.json()["school"], answer.json()["state"]) == (201, "Northside", "intake")
    assert await look(app, lambda flow: [partnership.state for partnership in flow.find()]) == ["intake"]


async def test_a_button_that_is_grey_says_why(client: AsyncClient) -> None:
    made = (await client.post("/schools/255901001/programmes", json=OFFER)).json()
    buttons = {each["trigger"]: each for each in made["buttons"]}
    assert list(buttons) == ["begin_vetting", "decline", "withdraw"]
    assert "NEED-001 missing" in buttons["begin_vetting"]["why_not"]
    assert buttons["decline"]["asks_for"] == ["reason"]
    assert buttons["decline"]["why_not"] is None


async def test_a_refused_step_answers_with_every_reason_and_keeps_no_room(client: AsyncClient, app: FastAPI) -> None:
    made = (await client.post("/schools/255901001/programmes", json=OFFER)).json()
    answer = await client.post(f"/programmes/{made['id']}/steps/begin_vetting", json={"room": "Gym"})
    assert answer.status_code == 403
    assert answer.json()["findings"] == ["REG-002", "REG-003", "NEED-001"]
    assert answer.json()["why"].startswith("begin_vetting is refused: 3 finding(s) stand in the way.")
    assert await count(app, Booking) == 0
    tried = await look(app, lambda flow: [each.trigger for p in flow.find() for each in flow.attempts(p.id)])
    assert tried == ["begin_vetting"]


async def test_a_step_that_is_not_there_answers_409_and_says_which_are(
    client: AsyncClient, chess: dict[str, Any]
) -> None:
    answer = await client.post(f"/programmes/{chess['id']}/steps/renew", json={})
    assert answer.status_code == 409
    assert "What can be asked: begin_vetting, decline, withdraw." in answer.json()["why"]


async def test_a_step_without_a_reason_says_that_it_lacks_one(client: AsyncClient, chess: dict[str, Any]) -> None:
    answer = await client.post(f"/programmes/{chess['id']}/steps/decline", json={})
    assert (answer.status_code, answer.json()["lacks"]) == (403, ["reason"])


async def test_a_step_and_its_room_are_one_thing(client: AsyncClient, chess: dict[str, Any]) -> None:
    answer = await client.post(f"/programmes/{chess['id']}/steps/begin_vetting", json={"room": "Gym"})
    assert (answer.status_code, answer.json()["state"], answer.json()["rooms"]) == (200, "vetting", ["Gym"])
    ended = (await client.post(f"/programmes/{chess['id']}/steps/withdraw", json={"reason": "they moved"})).json()
    assert (ended["state"], ended["rooms"], ended["buttons"]) == ("terminated", [], [])


async def test_a_room_that_is_taken_takes_the_step_back_and_nobody_is_told(
    client: AsyncClient, app: FastAPI, chess: dict[str, Any]
) -> None:
    await client.post(f"/programmes/{chess['id']}/steps/begin_vetting", json={"room": "Gym"})
    other = (await client.post("/schools/255901001/programmes", json=OFFER | {"title": "Judo"})).json()
    await client.post(f"/programmes/{other['id']}/registration", json=FORM)
    before = await board(client, app)
    answer = await client.post(f"/programmes/{other['id']}/steps/begin_vetting", json={"room": "Gym"})
    assert (answer.status_code, answer.json()["error"]) == (409, "taken")
    assert (await client.get(f"/programmes/{other['id']}")).json()["state"] == "intake"
    assert await board(client, app) == before
    assert await count(app, Booking) == 1
    sent = await look(app, lambda flow: [event.type.split(".")[-2] for event in flow.store.outgoing()])
    assert sent.count("vetting_begun") == 1
    await look(app, lambda flow: flow.verify())


async def test_a_button_that_is_clicked_twice_is_one_step(
    client: AsyncClient, app: FastAPI, chess: dict[str, Any]
) -> None:
    form, keyed = {"room": "Gym", "version": chess["version"]}, {"Idempotency-Key": "form-7f3a"}
    steps = f"/programmes/{chess['id']}/steps"
    twice = [await client.post(f"{steps}/begin_vetting", json=form, headers=keyed) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [200, 200]
    assert twice[0].json() == twice[1].json()
    assert await count(app, Booking) == 1


async def test_clicks_that_come_at_once_are_one_step(client: AsyncClient, app: FastAPI, chess: dict[str, Any]) -> None:
    form, keyed = {"room": "Gym", "version": chess["version"]}, {"Idempotency-Key": "form-7f3a"}
    steps = f"/programmes/{chess['id']}/steps"
    clicks = (client.post(f"{steps}/begin_vetting", json=form, headers=keyed) for _ in range(4))
    answers = [answer.json() for answer in await asyncio.gather(*clicks)]
    assert answers == [answers[0]] * 4
    assert (answers[0]["state"], answers[0]["rooms"]) == ("vetting", ["Gym"])
    assert (await board(client, app)).count("vetting_begun") == 1


async def test_a_proposal_that_is_sent_twice_is_one_programme(client: AsyncClient, app: FastAPI) -> None:
    keyed = {"Idempotency-Key": "form-1"}
    twice = [await client.post("/schools/255901001/programmes", json=OFFER, headers=keyed) for _ in range(2)]
    assert twice[0].json() == twice[1].json()
    assert await count(app, Programme) == 1


async def test_a_key_that_comes_back_with_another_request_is_named(client: AsyncClient, chess: dict[str, Any]) -> None:
    keyed = {"Idempotency-Key": "form-1"}
    steps = f"/programmes/{chess['id']}/steps"
    await client.post(f"{steps}/begin_vetting", json={}, headers=keyed)
    answer = await client.post(f"{steps}/return_to_intake", json={"reason": "too early"}, headers=keyed)
    assert (answer.status_code, answer.json()["error"]) == (422, "KeyReused")


async def test_a_form_that_was_open_for_too_long_answers_409(client: AsyncClient, chess: dict[str, Any]) -> None:
    steps = f"/programmes/{chess['id']}/steps"
    await client.post(f"{steps}/begin_vetting", json={"version": chess["version"]})
    answer = await client.post(f"{steps}/withdraw", json={"reason": "they moved", "version": chess["version"]})
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")
    assert "is at version 2, not at 1" in answer.json()["message"]


async def test_the_board_hears_of_what_became_a_fact(client: AsyncClient, app: FastAPI, chess: dict[str, Any]) -> None:
    await client.post(f"/programmes/{chess['id']}/steps/begin_vetting", json={})
    assert await board(client, app) == ["proposed", *["filed"] * 5, "vetting_begun"]


@pytest.mark.usefixtures("chess")
async def test_after_an_async_commit_it_is_told_and_before_it_and_after_a_rollback_it_is_not(app: FastAPI) -> None:
    told: list[str] = []
    app.state.flow.after.connect(lambda sender, **_: told.append(sender.split(".")[-2]))
    (partnership,) = await look(app, lambda flow: list(flow.find()))

    def step(trigger: str) -> Callable[[Any], object]:
        return lambda session: app.state.flow.within(session).fire(partnership.id, trigger, by=OFFICE, reason="r")

    async with AsyncSession(app.state.engine) as session:
        await session.run_sync(step("begin_vetting"))
        assert told == []
        await session.commit()
        assert told == ["vetting_begun"]
        await session.run_sync(step("return_to_intake"))
        await session.rollback()
        async with session.begin_nested() as savepoint:
            await session.run_sync(step("withdraw"))
            await savepoint.rollback()
        await session.commit()
    assert told == ["vetting_begun"]


async def test_somebody_whose_role_may_not_is_refused(client: AsyncClient, chess: dict[str, Any]) -> None:
    cook = {"X-Remote-User": "z"}
    answer = await client.post(f"/programmes/{chess['id']}/steps/begin_vetting", json={}, headers=cook)
    assert (answer.status_code, answer.json()["findings"]) == (403, ["AUTH-001"])


async def test_somebody_whom_nobody_knows_gets_nowhere(client: AsyncClient, chess: dict[str, Any]) -> None:
    unknown = {"X-Remote-User": "nobody"}
    answer = await client.post(f"/programmes/{chess['id']}/steps/begin_vetting", json={}, headers=unknown)
    assert answer.status_code == 401

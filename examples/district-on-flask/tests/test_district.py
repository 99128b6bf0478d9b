import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from district_on_flask import create_app
from district_on_flask.models import Base, Booking, Employee, Programme, School, db
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from partnerflow import Partnerflow
from partnerflow.adapters.sqlalchemy import Tables

OFFER = {"title": "Chess after school", "partner": "Riverbend Youth Center", "kind": "community_organization"}
FORM = {
    "contact": "Ines Moreno",
    "email": "ines@riverbend.example",
    "from": "2026-01-01",
    "summary": "Small groups after school",
    "area": "enrichment",
    "need": "nothing to do after 15:00",
    "why": "runs it in two schools nearby",
}


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where the tests run: the tables are made once."""
    url = os.environ.get("DISTRICT_TEST_DATABASE", f"sqlite:///{tmp_path_factory.mktemp('data') / 'district.db'}")
    options = {} if url.startswith("sqlite") else {"isolation_level": "READ COMMITTED"}
    settings = {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": options, "TESTING": True}
    app = create_app(**settings)
    assert app.test_cli_runner().invoke(args=["make-tables"]).exit_code == 0
    with app.app_context():
        db.engine.dispose()
    return settings


@pytest.fixture
def app(settings: dict[str, Any]) -> Iterator[Flask]:
    """The application, on a database with a school and two people who can log in."""
    app, theirs = create_app(**settings), Tables()
    with app.app_context():
        for table in (*reversed(Base.metadata.sorted_tables), *theirs.metadata.sorted_tables):
            if table is not theirs.schema:  # which says of what version they are
                db.session.execute(delete(table))
        db.session.add(School(id="255901001", name="Northside"))
        db.session.add_all([Employee(login="a", role="partnership_office"), Employee(login="z", role="cook")])
        db.session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def flow(app: Flask) -> Partnerflow:
    found: Partnerflow = app.extensions["partnerflow"]
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_USER"] = "a"
    return client


@pytest.fixture
def chess(client: FlaskClient) -> dict[str, Any]:
    """A programme that is proposed and registered, and can go into vetting."""
    made = client.post("/schools/255901001/programmes", data=OFFER).get_json()
    registered: dict[str, Any] = client.post(f"/programmes/{made['id']}/registration", data=FORM).get_json()
    return registered


def count(app: Flask, model: type[Any]) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_proposal_makes_our_row_and_a_partnership(client: FlaskClient, flow: Partnerflow) -> None:
    answer = client.post("/schools/255901001/programmes", data=OFFER)
    assert (answer.status_code, answer.get_json()["school"], answer.get_json()["state"]) == (201, "Northside", "intake")
    assert [partnership.state for partnership in flow.find()] == ["intake"]


def test_a_button_that_is_grey_says_why(client: FlaskClient) -> None:
    made = client.post("/schools/255901001/programmes", data=OFFER).get_json()
    buttons = {each["trigger"]: each for each in made["buttons"]}
    assert list(buttons) == ["begin_vetting", "decline", "withdraw"]
    assert "NEED-001 missing" in buttons["begin_vetting"]["why_not"]
    assert buttons["decline"]["asks_for"] == ["reason"]
    assert buttons["decline"]["why_not"] is None


def test_a_refused_step_answers_with_every_reason_and_keeps_no_room(
    app: Flask, client: FlaskClient, flow: Partnerflow
) -> None:
    made = client.post("/schools/255901001/programmes", data=OFFER).get_json()
    answer = client.post(f"/programmes/{made['id']}/steps/begin_vetting", data={"room": "Gym"})
    assert answer.status_code == 403
    assert answer.get_json()["findings"] == ["REG-002", "REG-003", "NEED-001"]
    assert answer.get_json()["why"].startswith("begin_vetting is refused: 3 finding(s) stand in the way.")
    assert count(app, Booking) == 0
    (partnership,) = flow.find()
    assert [attempt.trigger for attempt in flow.attempts(partnership.id)] == ["begin_vetting"]


def test_a_step_that_is_not_there_answers_409_and_says_which_are(client: FlaskClient, chess: dict[str, Any]) -> None:
    answer = client.post(f"/programmes/{chess['id']}/steps/renew")
    assert answer.status_code == 409
    assert "What can be asked: begin_vetting, decline, withdraw." in answer.get_json()["why"]


def test_a_step_without_a_reason_says_that_it_lacks_one(client: FlaskClient, chess: dict[str, Any]) -> None:
    answer = client.post(f"/programmes/{chess['id']}/steps/decline")
    assert (answer.status_code, answer.get_json()["lacks"]) == (403, ["reason"])


def test_a_step_and_its_room_are_one_thing(client: FlaskClient, chess: dict[str, Any]) -> None:
    answer = client.post(f"/programmes/{chess['id']}/steps/begin_vetting", data={"room": "Gym"})
    assert (answer.status_code, answer.get_json()["state"], answer.get_json()["rooms"]) == (200, "vetting", ["Gym"])
    ended = client.post(f"/programmes/{chess['id']}/steps/withdraw", data={"reason": "they moved"}).get_json()
    assert (ended["state"], ended["rooms"], ended["buttons"]) == ("terminated", [], [])


def test_a_room_that_is_taken_takes_the_step_back_and_nobody_is_told(
    app: Flask, client: FlaskClient, flow: Partnerflow, chess: dict[str, Any]
) -> None:
    client.post(f"/programmes/{chess['id']}/steps/begin_vetting", data={"room": "Gym"})
    other = client.post("/schools/255901001/programmes", data=OFFER | {"title": "Judo"}).get_json()
    client.post(f"/programmes/{other['id']}/registration", data=FORM)
    board = client.get("/notices").get_json()
    answer = client.post(f"/programmes/{other['id']}/steps/begin_vetting", data={"room": "Gym"})
    assert (answer.status_code, answer.get_json()["error"]) == (409, "taken")
    assert client.get(f"/programmes/{other['id']}").get_json()["state"] == "intake"
    assert client.get("/notices").get_json() == board
    assert count(app, Booking) == 1
    assert len([event for event in flow.store.outgoing() if event.type.split(".")[-2] == "vetting_begun"]) == 1
    flow.verify()


def test_a_button_that_is_clicked_twice_is_one_step(app: Flask, client: FlaskClient, chess: dict[str, Any]) -> None:
    twice = [
        client.post(
            f"/programmes/{chess['id']}/steps/begin_vetting",
            data={"room": "Gym", "version": chess["version"]},
            headers={"Idempotency-Key": "form-7f3a"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in twice] == [200, 200]
    assert twice[0].get_json() == twice[1].get_json()
    assert count(app, Booking) == 1


def test_clicks_that_come_at_once_are_one_step(app: Flask, client: FlaskClient, chess: dict[str, Any]) -> None:
    def click(_: int) -> Any:
        desk = app.test_client()
        desk.environ_base["REMOTE_USER"] = "a"
        keyed = {"Idempotency-Key": "form-7f3a"}
        steps = f"/programmes/{chess['id']}/steps"
        return desk.post(f"{steps}/begin_vetting", data={"room": "Gym"}, headers=keyed).get_json()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    assert answers == [answers[0]] * 4
    assert (answers[0]["state"], answers[0]["rooms"]) == ("vetting", ["Gym"])
    assert sum(line.endswith(": vetting_begun") for line in client.get("/notices").get_json()) == 1


def test_a_proposal_that_is_sent_twice_is_one_programme(app: Flask, client: FlaskClient) -> None:
    keyed = {"Idempotency-Key": "form-1"}
    first, second = (client.post("/schools/255901001/programmes", data=OFFER, headers=keyed) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert count(app, Programme) == 1


def test_a_key_that_comes_back_with_another_request_is_named(client: FlaskClient, chess: dict[str, Any]) -> None:
    keyed = {"Idempotency-Key": "form-1"}
    steps = f"/programmes/{chess['id']}/steps"
    client.post(f"{steps}/begin_vetting", headers=keyed)
    answer = client.post(f"{steps}/return_to_intake", data={"reason": "too early"}, headers=keyed)
    assert (answer.status_code, answer.get_json()["error"]) == (422, "KeyReused")


def test_a_form_that_was_open_for_too_long_answers_409(client: FlaskClient, chess: dict[str, Any]) -> None:
    steps = f"/programmes/{chess['id']}/steps"
    client.post(f"{steps}/begin_vetting", data={"version": chess["version"]})
    answer = client.post(f"{steps}/withdraw", data={"reason": "they moved", "version": chess["version"]})
    assert (answer.status_code, answer.get_json()["error"]) == (409, "Conflict")
    assert "is at version 2, not at 1" in answer.get_json()["message"]


def test_the_board_hears_of_what_became_a_fact(client: FlaskClient, chess: dict[str, Any]) -> None:
    client.post(f"/programmes/{chess['id']}/steps/begin_vetting")
    told = [line.split(": ")[1] for line in client.get("/notices").get_json()]
    assert told == ["proposed", *["filed"] * 5, "vetting_begun"]


def test_somebody_whose_role_may_not_is_refused(client: FlaskClient, chess: dict[str, Any]) -> None:
    client.environ_base["REMOTE_USER"] = "z"
    answer = client.post(f"/programmes/{chess['id']}/steps/begin_vetting")
    assert (answer.status_code, answer.get_json()["findings"]) == (403, ["AUTH-001"])


def test_somebody_whom_nobody_knows_gets_nowhere(client: FlaskClient, chess: dict[str, Any]) -> None:
    client.environ_base["REMOTE_USER"] = "nobody"
    assert client.post(f"/programmes/{chess['id']}/steps/begin_vetting").status_code == 401

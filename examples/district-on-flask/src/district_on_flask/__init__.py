"""A district's own system on Flask, with partnerships in it."""

from typing import Any

from flask import Flask
from sqlalchemy.exc import IntegrityError

from partnerflow import PartnerflowError
from partnerflow.adapters.sqlalchemy import create_tables

from .models import db
from .partnerships import flow_on
from .views import no, taken, views


def create_app(**config: Any) -> Flask:
    """Create the application with these settings; `flask --app district_on_flask run` passes none."""
    app = Flask(__name__)
    app.config.from_mapping({"SQLALCHEMY_DATABASE_URI": "sqlite:///district.db", **config})
    db.init_app(app)
    with app.app_context():
        app.extensions["partnerflow"] = flow_on(db.engine)
    app.register_blueprint(views)
    app.register_error_handler(PartnerflowError, no)
    app.register_error_handler(IntegrityError, taken)

    @app.cli.command("make-tables")
    def make_tables() -> None:
        """Create our tables and those of partnerflow, once."""
        db.create_all()
        create_tables(db.engine)

    return app

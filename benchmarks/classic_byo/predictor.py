"""The application of the classic containers: flask reads a request, pandas its rows, and the model predicts a frame."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import flask
import pandas as pd

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


class Scoring:
    """Holds the model, which the first request loads."""

    model: Any = None

    @classmethod
    def get_model(cls) -> Any:
        if cls.model is None:
            with (BASE / "model/model.pickle").open("rb") as file:
                cls.model = pickle.load(file)
        return cls.model

    @classmethod
    def predict(cls, rows: pd.DataFrame) -> Any:
        return cls.get_model().predict_proba(rows)[:, 1]


app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping() -> flask.Response:
    status = 200 if Scoring.get_model() is not None else 404
    return flask.Response(response="\n", status=status, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def invocations() -> flask.Response:
    if flask.request.content_type != "text/csv":
        return flask.Response(response="This predictor only supports CSV data", status=415, mimetype="text/plain")
    rows = pd.read_csv(io.StringIO(flask.request.data.decode("utf-8")), header=None)
    predictions = Scoring.predict(rows)
    out = io.StringIO()
    pd.DataFrame({"results": predictions}).to_csv(out, header=False, index=False)
    return flask.Response(response=out.getvalue(), status=200, mimetype="text/csv")

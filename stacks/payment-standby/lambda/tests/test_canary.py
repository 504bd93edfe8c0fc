"""The canary: content with 200 and 401, alarmed by everything else."""
import io
import json
import urllib.error
import urllib.request

import pytest


@pytest.fixture
def walk(load, monkeypatch, context):
    def with_answers(health, payments):
        def urlopen(url, data, timeout):
            status = health if url == "https://api/prod/health" else payments
            assert (data is None) is url.endswith("/health")
            body = io.BytesIO(json.dumps({"answered": status}).encode())
            if status >= 400:
                raise urllib.error.HTTPError(url, status, "no", {}, body)
            body.status = status
            return body

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        return load("canary", BASE_URL="https://api/prod").handler({}, context)

    return with_answers


def test_the_expected_way(walk):
    assert walk(200, 401) == "ok"


@pytest.mark.parametrize(("health", "payments", "path"), [(503, 401, "/health"), (200, 200, "/payments"), (200, 502, "/payments")])
def test_any_other_answer_fails(walk, health, payments, path):
    with pytest.raises(RuntimeError, match=path):
        walk(health, payments)

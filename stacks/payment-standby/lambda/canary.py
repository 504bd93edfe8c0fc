"""Walks a client's way: this region's health, then a payment that must be refused.

Without a key the only right answer is 401 from our own code: API, function and secret
work together, and nothing is paid.
"""
import json
import os
import urllib.error
import urllib.request


def fetch(path, data=None):
    try:
        reply = urllib.request.urlopen(os.environ["BASE_URL"] + path, data, timeout=10)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, json.load(reply)


def handler(event, context):
    for path, data, expected in (("/health", None, 200), ("/payments", b"{}", 401)):
        status, body = fetch(path, data)
        if status != expected:
            raise RuntimeError(f"{path} answered {status}: {body}")
    return "ok"

"""Settings that both hearing and speaking have for a server: what they mean, and what is allowed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

ServerUrl = Annotated[
    str,
    Field(
        pattern=r"^((https?|tcp)://[^\s/]\S*)?$",
        description="openai: where the server is, as in http://127.0.0.1:8000/v1; wyoming: tcp://127.0.0.1:10300",
        json_schema_extra={"allowed": "a URL that begins with http://, https:// or tcp://"},
    ),
]
KeyVariable = Annotated[
    str,
    Field(
        pattern=r"^([A-Z_][A-Z0-9_]*)?$",  # many keys would pass for a name with small letters
        description="openai: environment variable that holds the key",
        json_schema_extra={"allowed": "a name in capitals such as OPENAI_API_KEY, not the key itself"},
        repr=False,  # if somebody puts the key itself here, no error may show it
    ),
]
ConnectLimit = Annotated[
    float,
    Field(
        gt=0,
        le=10,
        description="openai, wyoming: longest wait for the server to accept the connection",
    ),
]

"""The parts of a target file that say who we are and by which way we come: credentials, certificates, marks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, model_validator

from harness.frozen import FrozenModel
from harness.targets.fields import BaseUrl, HeaderName, JmesPath, UrlPath

Text = Annotated[str, Field(min_length=1, max_length=4000)]


class Basic(FrozenModel):
    """A name and a password in every request (RFC 7617)."""

    user: Text = Field(description="user; may use {{ env.NAME }}")
    password: Text = Field(description='password, as "{{ env.NAME }}"')


class ApiKey(FrozenModel):
    """A key in a header, or in the query of every URL."""

    header: HeaderName | None = Field(None, description="name of the header")
    query: str | None = Field(None, pattern=r"^[A-Za-z0-9_.~-]{1,100}$", description="name in the query of every URL; beware of logs")
    value: Text = Field(description='the key, as "{{ env.NAME }}"')

    @model_validator(mode="after")
    def _stands_in_one_place(self) -> ApiKey:
        if (self.header is None) == (self.query is None):
            raise ValueError("needs either 'header' or 'query'")
        return self


class Aws(FrozenModel):
    """Requests signed with AWS Signature Version 4; credentials as every AWS tool finds them (extra `aws`)."""

    service: str = Field(pattern=r"^[a-z0-9-]{1,60}$", description="signing name of the service, such as execute-api or lambda")
    region: str = Field(pattern=r"^[a-z0-9-]{1,60}$", description="region, such as ap-northeast-1")


class Login(FrozenModel):
    """A request that is sent first, and whose token or cookies admit all others."""

    url: BaseUrl | None = Field(None, description="base URL, where somebody else issues tokens; default: the target's")
    path: UrlPath = Field(description="path below the URL, asked by POST")
    body: JsonValue = Field(None, description="JSON body; may use {{ env.NAME }}")
    form: dict[str, str] | None = Field(
        None, description="form fields in place of a JSON body, as OAuth wants them; may use {{ env.NAME }}"
    )
    headers: dict[HeaderName, str] = Field(default_factory=dict, description="header: value; may use {{ env.NAME }}")
    token: JmesPath | None = Field(None, description="JMESPath to the token in the answer; left out: the cookies of the answer admit")
    expires: JmesPath | None = Field(None, description="JMESPath to the seconds that the token holds; it is renewed before they are over")
    header: HeaderName = Field("Authorization", description="header that carries the token")
    value: str = Field("Bearer {{ token }}", description="its value; uses {{ token }}")

    @model_validator(mode="after")
    def _sends_one_body(self) -> Login:
        if self.body is not None and self.form is not None:
            raise ValueError("needs at most one of 'body' and 'form'")
        return self


class Auth(FrozenModel):
    """How the harness shows that it may speak with the target."""

    bearer: Text | None = Field(None, description='token, as "{{ env.NAME }}"')
    basic: Basic | None = Field(None, description="user and password")
    api_key: ApiKey | None = Field(None, description="a key in a header or in the query")
    aws: Aws | None = Field(None, description="AWS Signature Version 4")
    login: Login | None = Field(None, description="a request that is sent first")

    @model_validator(mode="after")
    def _shows_one(self) -> Auth:
        if sum(part is not None for part in (self.bearer, self.basic, self.aws, self.login)) > 1:
            raise ValueError("'bearer', 'basic', 'aws' and 'login' are ways to say who we are; keep one")
        return self


class Tls(FrozenModel):
    """Certificates; paths are relative to the target file."""

    ca: str | None = Field(None, description="PEM file of authorities to trust beside the usual ones")
    certificate: str | None = Field(None, description="PEM file of our own certificate (mutual TLS), perhaps with its key")
    key: str | None = Field(None, description="PEM file of its key")
    key_password: Text | None = Field(None, description='password of the key, as "{{ env.NAME }}"')

    @model_validator(mode="after")
    def _keys_have_certificates(self) -> Tls:
        if self.certificate is None and (self.key is not None or self.key_password is not None):
            raise ValueError("'key' needs 'certificate'")
        return self


class Idempotency(FrozenModel):
    """What lets the target know a message that is sent again; then a connection that was cut is tried again."""

    header: HeaderName = Field(description="header that carries one fresh key for each message")


class Marks(FrozenModel):
    """Headers by which the team tells our conversations from users'; null leaves one out."""

    trace: HeaderName | None = Field("traceparent", description="W3C trace context")
    run: HeaderName | None = Field("x-harness-run", description="id of the run")
    scenario: HeaderName | None = Field("x-harness-scenario", description="scenario/repeat/turn")
    synthetic: HeaderName | None = Field("x-synthetic-traffic", description="says `mangaassist-harness`")

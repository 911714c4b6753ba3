"""AWS Signature Version 4, by botocore's own signer (extra `aws`).

Credentials are found as every AWS tool finds them: environment, shared files, single sign-on, container, instance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.errors import SettingsError
from harness.targets.access_file import Aws
from harness.targets.secrets import Secrets

Signer = Callable[[str, str, bytes | None], tuple[tuple[str, str], ...]]
"""Method, URL and body → the headers that sign them."""


def aws_signer(aws: Aws, secrets: Secrets, host: str | None = None) -> Signer:
    """Return the signer of a target.

    Args:
        aws: service and region.
        secrets: learns the credentials, so that they never come through.
        host: name that is sent as Host, where the URL has another one.

    Raises:
        SettingsError: the extra is not installed, or no credentials are found.
    """
    try:
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415
    except ImportError:
        raise SettingsError("`auth.aws` needs the extra `aws`: pip install 'mangaassist-harness[aws]'") from None
    credentials: Any = get_session().get_credentials()
    if credentials is None:
        raise SettingsError("`auth.aws`: no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")

    def sign(method: str, url: str, content: bytes | None) -> tuple[tuple[str, str], ...]:
        frozen = credentials.get_frozen_credentials()  # renewed by botocore where they run out
        secrets.learn(frozen.secret_key, frozen.token or "")
        request = AWSRequest(method=method, url=url, data=content or b"", headers={} if host is None else {"Host": host})
        SigV4Auth(frozen, aws.service, aws.region).add_auth(request)
        return tuple((str(name), str(value)) for name, value in request.headers.items() if name.lower() != "host")

    return sign

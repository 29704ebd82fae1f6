"""placeholder until merged"""

from surveyapp.delphi.protocol.model import Protocol


def differences(before: Protocol, after: Protocol) -> list[str]:
    return [after.canonical()]

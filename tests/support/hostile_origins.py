"""Origins that pages send who want to be taken for somebody else, against ``app.example`` listed.

``{host}`` stands for the server's own host and port.
"""

ORIGINS = (
    "null",
    "",
    "*",
    "http://evil.example",
    "https://evil.example",
    # Almost the listed one.
    "http://app.example",
    "https://app.example:444",
    "https://app.example.evil.example",
    "https://evil-app.example",
    "https://sub.app.example",
    "https://app.example/",
    "https://app.example.",
    "https://appxexample",
    "https://APP.EXAMPLE",
    "https://app.example, https://evil.example",
    "https://app.example https://evil.example",
    "https://evil.example#https://app.example",
    "https://evil.example?https://app.example",
    "https://app.example@evil.example",
    "https://app.example%00.evil.example",
    "https://app.example\\.evil.example",
    "https://аpp.example",
    # Almost our own.
    "http://{host}.evil.example",
    "http://{host}@evil.example",
    "http://evil.example/{host}",
    "http://user@{host}",
    "http://{host}/",
    "//{host}",
    "{host}",
    "ws://{host}",
    "file://{host}",
    "chrome-extension://{host}",
    "http://127.0.0.1:1",
    "http://localhost",
    "http://[::1]",
)

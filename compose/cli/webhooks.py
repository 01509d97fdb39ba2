"""``reelmill webhooks …``: who is told of what happens, and how telling them went."""

import sys
from typing import Annotated

import typer

from compose.cli.options import (
    DEFAULT_SERVER,
    CursorOption,
    JsonOption,
    LimitOption,
    ServerOption,
)
from compose.cli.output import age, print_facts, print_json, print_table
from compose.cli.speech import connect
from schemas.webhooks import (
    DEFAULT_EVENTS,
    DeliveryId,
    DeliveryState,
    DeliveryView,
    WebhookId,
    WebhookRequest,
    WebhookView,
)

app = typer.Typer(help="Tell others what happens.", no_args_is_help=True)

WebhookArgument = Annotated[
    str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook, as `webhooks list` shows it.")
]
DeliveryArgument = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="Id of the delivery, as `deliveries` shows it.")
]


@app.command("list")
def listing(
    *,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """List webhooks, newest first."""
    with connect(server) as client:
        page = client.webhooks.page(cursor=cursor, limit=limit)
    if as_json:
        print_json(page)
        return
    print_table(
        ("WEBHOOK", "STATE", "DELIVERED", "FAILED", "EVENTS", "URL", "DESCRIPTION"),
        (
            (
                *(one.id, _state(one), one.n_delivered, one.n_failed),
                *(one.events, one.url, one.description),
            )
            for one in page.items
        ),
    )
    _more(page.next)


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where deliveries are sent.")],
    *,
    event: Annotated[
        list[str] | None,
        typer.Option(help="Type such as asset.ready or family such as asset.*; may be repeated."),
    ] = None,
    description: Annotated[str, typer.Option(help="Words for people.")] = "",
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Events of every account, for operators.")
    ] = False,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """Be told of what happens from now on; shows the secret this once."""
    try:
        request = WebhookRequest(
            url=url,
            events=tuple(event or DEFAULT_EVENTS),
            description=description,
            is_system_wide=everybody,
        )
    except ValueError as error:
        raise typer.BadParameter("an --event or the --description is not acceptable") from error
    with connect(server) as client:
        made = client.webhooks.create(request)
    if as_json:
        print_json(made)
    else:
        print_facts({"webhook": made.id, "url": made.url, "secret": made.secret})


@app.command("remove")
def remove(webhook_id: WebhookArgument, *, server: ServerOption = DEFAULT_SERVER) -> None:
    """Delete a webhook with all its deliveries."""
    with connect(server) as client:
        client.webhooks.delete(WebhookId(webhook_id))
    sys.stdout.write(f"Webhook {webhook_id} is deleted.\n")


@app.command("deliveries")
def deliveries(
    webhook_id: WebhookArgument,
    *,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """List a webhook's deliveries, newest first."""
    with connect(server) as client:
        page = client.webhooks.deliveries(
            WebhookId(webhook_id), state=state, limit=limit, cursor=cursor
        )
    if as_json:
        print_json(page)
        return
    print_table(
        ("DELIVERY", "TYPE", "STATE", "ATTEMPTS", "ANSWER", "AGE"),
        (
            (one.id, one.type, one.state, one.n_attempts, _answer(one), age(one.created_at))
            for one in page.items
        ),
    )
    _more(page.next)


@app.command("redeliver")
def redeliver(
    webhook_id: WebhookArgument,
    delivery_id: DeliveryArgument,
    *,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """Have a delivery sent again."""
    with connect(server) as client:
        found = client.webhooks.redeliver(WebhookId(webhook_id), DeliveryId(delivery_id))
    _promise(found, as_json=as_json)


@app.command("test")
def ping(
    webhook_id: WebhookArgument,
    *,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """Have a ping sent, to see with `deliveries` whether it arrives."""
    with connect(server) as client:
        found = client.webhooks.test(WebhookId(webhook_id))
    _promise(found, as_json=as_json)


def _promise(delivery: DeliveryView, *, as_json: bool) -> None:
    if as_json:
        print_json(delivery)
    else:
        sys.stdout.write(f"Delivery {delivery.id} is on its way.\n")


def _state(webhook: WebhookView) -> str:
    if not webhook.is_enabled:
        return f"disabled ({webhook.disabled_reason})"
    return "failing" if webhook.failing_since else "enabled"


def _answer(delivery: DeliveryView) -> object:
    if not delivery.attempts:
        return None
    newest = delivery.attempts[-1]
    return newest.status or newest.outcome


def _more(following: str | None) -> None:
    if following:
        sys.stderr.write(f"More: --cursor {following}\n")

"""How we connect to RabbitMQ, and what pika raises when it is away."""

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

#: Everything a call to pika raises when the broker, its network or a channel is gone: a time-out
#: while connecting is no AMQPError, and an assertion is how pika says that a connection
#: closed under a blocking call.
GONE = (pika.exceptions.AMQPError, AMQPConnectorException, OSError, AssertionError)


def parameters(url: str, *, purpose: str, heartbeat_s: int) -> pika.URLParameters:
    """Read an address and set every timeout: pika's defaults wait for minutes.

    ``purpose`` names the connection in RabbitMQ's management page.
    """
    read = pika.URLParameters(url)
    read.heartbeat = heartbeat_s
    read.connection_attempts = 1
    read.socket_timeout = 3
    read.stack_timeout = 5
    # A broker short of disk or memory accepts publishes and stops reading them.
    read.blocked_connection_timeout = 5
    read.client_properties = {"connection_name": f"reelmill {purpose}"}
    return read

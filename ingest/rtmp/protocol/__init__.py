"""RTMP without sockets: bytes in, events out; both roles, with Enhanced RTMP.

Whoever owns the socket does four things, and keeps the clock::

    side = ServerSide(applications={"live"})          # ingest.rtmp.protocol.server
    for event in side.receive_data(read):             # ingest.rtmp.protocol.events
        ...                                           # PublishRequested → side.accept_publish()
    write(side.data_to_send())                        # after every call of the above
    for event in side.receive_data(b""): ...          # after an answer: what had come meanwhile

``Closed`` is the last event, with the `ProtocolError` where one ended it; what is left to send
then (a status that tells why) is written before the socket is closed. Nothing here raises for
what a peer sent. ``side.phase`` tells what is waited for, so that each wait has its time limit.
"""

"""What is set at Streamlit's server."""

import socket

from digitcanvas.app import server


def test_connections_send_at_once_those_there_are_and_those_to_come():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0] as present:
            server._send_at_once(port)
            with socket.create_connection(("127.0.0.1", port)), listening.accept()[0] as later:
                for connection in (present, later):
                    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

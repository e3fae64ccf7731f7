"""The server that `make lab` and Binder start. Jupyter runs this file and provides `c`.

Beside it, labconfig/page_config.json switches off JupyterLab's question about news, which would
otherwise stand in front of the first page.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel connection whose small messages leave at once.

    Tornado leaves Nagle's algorithm on, which holds a message back until the browser has
    acknowledged the one before: about 40 ms for every step of a slider.
    """

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c.ServerApp.kernel_websocket_connection_class = PromptConnection  # noqa: F821

# Without it, each kernel warns in the reader's terminal that others might listen.
c.KernelManager.transport_encryption = "auto"  # noqa: F821

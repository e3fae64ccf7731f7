"""The server that `make lab` and Binder start. Jupyter runs this file and provides `c`.

Beside it, labconfig/page_config.json switches off JupyterLab's question about news, which would
otherwise stand in front of the first page.
"""

import platform
import warnings

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from nbconvert.preprocessors import Preprocessor


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel connection whose small messages leave at once.

    Tornado leaves Nagle's algorithm on, which holds a message back until the browser has
    acknowledged the one before: about 40 ms for every step of a slider.
    """

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def save_what_lasts(model, **_):
    """Save pictures, not the widgets beside them, and nothing that depends on the machine.

    Opened again, a stored widget view has no kernel and says "model not found", where the picture
    would stand. JupyterLab notes the version of Python as soon as a notebook is opened: the file
    would differ from the course's although nobody has changed it. The open page stays as it is.
    """
    if model["type"] != "notebook" or model.get("content") is None:
        return
    notebook = model["content"]
    notebook.get("metadata", {}).pop("widgets", None)
    notebook.get("metadata", {}).get("language_info", {}).pop("version", None)
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
            output.get("metadata", {}).pop(WIDGET_VIEW, None)


class Contents(AsyncLargeFileManager):
    """Hands notebooks out with this Python's version, which JupyterLab would add by itself.

    It would then ask to save a chapter that was only opened. The hook above drops it again.
    """

    async def get(self, *arguments, **options):
        model = await super().get(*arguments, **options)
        if model["type"] == "notebook" and model.get("content"):
            about = model["content"]["metadata"].get("language_info", {})
            if about.get("name") == "python":
                about["version"] = platform.python_version()
        return model


class LivePages(Preprocessor):
    """In JupyterLab's export to HTML, what the course stores for pages is alive."""

    def preprocess(self, notebook, resources):
        from mini_autograd.explore.pages import with_live_outputs  # not when the server starts

        return with_live_outputs(notebook), resources


# Jupyter applies these settings twice, and would report that the second hook replaces the first.
warnings.filterwarnings("ignore", "Overriding existing pre_save_hook")
c.ServerApp.contents_manager_class = Contents  # noqa: F821
c.ContentsManager.pre_save_hook = save_what_lasts  # noqa: F821
c.HTMLExporter.preprocessors = [LivePages]  # noqa: F821
c.ServerApp.kernel_websocket_connection_class = PromptConnection  # noqa: F821

# Without it, each kernel warns in the reader's terminal that others might listen.
c.KernelManager.transport_encryption = "auto"  # noqa: F821

// What JupyterLab and Notebook 7 load at their start, to show the specs that notebooks store:
// before anything has run, without a kernel, and where the notebook is not trusted. live.js escapes
// all that stands in a spec, and runs no code from it; so it is called safe.

(() => {
  const SPEC = "application/vnd.mini-autograd+json";
  const live = new URL("live.js", document.currentScript.src);
  let shared;

  const extension = async () => {
    const { Widget } = (await Object.values(shared["@lumino/widgets"])[0].get())();
    const { mountOr } = await import(live);

    class Rendered extends Widget {
      async renderModel({ data }) {
        this.node.style.padding = "0 8px";
        mountOr(this.node, data[SPEC], { picture: data["image/png"], words: data["text/plain"] });
      }
    }

    const rendererFactory = { safe: true, mimeTypes: [SPEC], createRenderer: () => new Rendered() };
    const known = { id: "mini-autograd:explorer", dataType: "json", rank: 40, rendererFactory };
    return () => ({ __esModule: true, default: known });
  };

  const container = { init: scope => { shared = scope; }, get: extension };
  (window._JUPYTERLAB ??= {})["mini-autograd"] = container;
})();

// Browsers start no worker on a page from disk. The search of the documentation runs in one, so that on such a page its
// script is run in a hidden frame instead. The name tells mkdocs-material's offline plugin that it need load no other.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inside = frame.contentWindow;
      inside.document.write("<!doctype html><title>search</title><body>");
      inside.document.close();
      inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        this.onmessage?.(event);
      };
      const script = inside.document.createElement("script");
      script.src = url;
      this.started = new Promise((resolve) => script.addEventListener("load", resolve));
      inside.document.body.append(script);
      this.inside = inside;
      this.frame = frame;
    }
    postMessage(data) {
      this.started.then(() => this.inside.dispatchEvent(new this.inside.MessageEvent("message", { data })));
    }
    terminate() { this.frame.remove(); }
  };
}

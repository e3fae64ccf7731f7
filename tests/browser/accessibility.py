"""What a page says to those who read it without a mouse, without colours or not by eye."""

from importlib.resources import files

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
CONTRAST = 4.5  # WCAG's least, for text of this size

# Faults of what we build on, which nothing in the course can mend. The README names them.
NOT_OURS = {
    # The sliders of a scene: ipywidgets names them in a <label> that it does not tie to the handle,
    # and passes no other name on: `tooltip` ends up as the title of that <label>.
    "aria-input-field-name": ".noUi-handle",
    # Neither JupyterLab's figures nor ipywidgets' Image take an alternative text. Text beside them
    # says what they show.
    "image-alt": ".jp-RenderedImage img, .widget-image",
}


def violations(page, exempted=NOT_OURS):
    """What axe finds serious or critical in the outputs of a notebook."""
    page.evaluate(AXE)
    return page.evaluate(
        """async known => {
            const {violations} = await axe.run(
                {include: [['.jp-OutputArea']]},
                {resultTypes: ['violations'], elementRef: true},
            );
            return violations
                .filter(({impact}) => ['serious', 'critical'].includes(impact))
                .flatMap(({id, nodes}) => nodes
                    .filter(({element}) => !(id in known && element.matches(known[id])))
                    .map(({html}) => `${id}: ${html}`));
        }""",
        exempted,
    )


def faint_texts(page):
    """Texts in the outputs that stand out less than 4.5 to 1, and how many stand out enough.

    axe judges neither the text of drawings nor what is scrolled out of the window.
    """
    measured = page.evaluate(
        """() => {
            const options = {willReadFrequently: true};
            const canvas = new OffscreenCanvas(1, 1).getContext('2d', options);
            const painted = (color, opacity) => {
                Object.assign(canvas, {fillStyle: color, globalAlpha: opacity});
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            };
            const luminance = pixel => {
                const part = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
                const [red, green, blue] = pixel.map(v => part(v / 255));
                return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
            };
            const isRead = element =>
                element.getClientRects().length && !element.closest('.jp-OutputPrompt, :disabled');
            const contrast = element => {
                const around = [];
                for (let one = element; one; one = one.parentElement) around.unshift(one);
                const styles = around.map(one => getComputedStyle(one));
                painted('white', 1);
                const paper = styles.map(style => painted(style.backgroundColor, 1)).at(-1);
                const isDrawn = element instanceof SVGElement;
                const opacity = styles.reduce((product, style) => product * style.opacity, 1);
                const ink = painted(styles.at(-1)[isDrawn ? 'fill' : 'color'], opacity);
                const [low, high] = [paper, ink].map(luminance).sort((a, b) => a - b);
                return (high + 0.05) / (low + 0.05);
            };
            const measured = [];
            for (const area of document.querySelectorAll('.jp-OutputArea')) {
                const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
                while (walker.nextNode()) {
                    const text = walker.currentNode.textContent.trim();
                    const element = walker.currentNode.parentElement;
                    if (text && isRead(element))
                        measured.push([contrast(element), text.slice(0, 60)]);
                }
            }
            return measured;
        }"""
    )
    faint = [f"{ratio:.2f}: {text}" for ratio, text in measured if ratio < CONTRAST]
    return faint, len(measured) - len(faint)

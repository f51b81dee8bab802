"""What saves and shares the drawing, and lists the tab's drawings before it (share.js, mine.js)."""

from pathlib import Path

CSS = Path(__file__).with_name("share.css").read_text()

WAYS = {
    "picture": "Save as a picture (PNG)",
    "strokes": "Save its strokes (JSON)",
    "copy": "Copy the link",
    "send": "Send the link",
}

BUTTONS = "".join(
    f'<button type="button" data-way="{way}">{words}</button>' for way, words in WAYS.items()
)

DIALOG = f"""
<dialog class="share" aria-labelledby="share-title">
  <div class="sheet">
    <div class="top">
      <strong id="share-title">Save or share</strong>
      <button type="button" class="close" aria-label="Close">×</button>
    </div>
    <div class="ways">{BUTTONS}</div>
    <p role="status"></p>
    <input readonly hidden aria-label="The link to this drawing">
    <div class="mine" role="group" aria-labelledby="mine-title">
      <div class="top">
        <strong id="mine-title">My drawings</strong>
        <button type="button" class="all">Delete all</button>
      </div>
      <p>The last ten of this browser tab. They are gone when you close it.</p>
      <ul></ul>
      <p class="none">A drawing comes here when you clear it or draw another.</p>
    </div>
  </div>
</dialog>
"""

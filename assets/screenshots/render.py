#!/usr/bin/env python3
"""Turns a pane captured by `tmux capture-pane -e -p` into an SVG picture. Standard library only.

usage: render.py COLUMNS ROWS < pane > picture.svg
"""

import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_WIDTH = 8.4
CELL_HEIGHT = 18
BASELINE = 13.5
MARGIN = 12
FONT_SIZE = 14
BACKGROUND = "#12151a"
FOREGROUND = "#d5d9e0"

# The sixteen colours that a terminal chooses itself.
BASIC = [
    "#1c2027", "#e0605e", "#7fbf6a", "#d9b44a", "#5f9fe0", "#b98ad9", "#56b6c2", "#c8ccd4",
    "#6b7280", "#ff7b79", "#98d982", "#f2cf63", "#7db8f7", "#d0a5ef", "#70d2de", "#ffffff",
]


def palette(index):
    """A colour of the 256."""
    if index < 16:
        return BASIC[index]
    if index < 232:
        steps = [0, 95, 135, 175, 215, 255]
        index -= 16
        return "#%02x%02x%02x" % (steps[index // 36], steps[index // 6 % 6], steps[index % 6])
    grey = 8 + 10 * (index - 232)
    return "#%02x%02x%02x" % (grey, grey, grey)


class Style:
    """What SGR sequences have set so far."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.foreground = None
        self.background = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def apply(self, codes):
        codes = list(codes) or [0]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code == 3:
                self.italic = True
            elif code == 4:
                self.underline = True
            elif code == 7:
                self.reverse = True
            elif code == 22:
                self.bold = self.dim = False
            elif code == 23:
                self.italic = False
            elif code == 24:
                self.underline = False
            elif code == 27:
                self.reverse = False
            elif 30 <= code <= 37:
                self.foreground = BASIC[code - 30]
            elif 90 <= code <= 97:
                self.foreground = BASIC[code - 82]
            elif 40 <= code <= 47:
                self.background = BASIC[code - 40]
            elif 100 <= code <= 107:
                self.background = BASIC[code - 92]
            elif code == 39:
                self.foreground = None
            elif code == 49:
                self.background = None
            elif code in (38, 48):
                colour = self.extended(codes)
                if code == 38:
                    self.foreground = colour
                else:
                    self.background = colour

    @staticmethod
    def extended(codes):
        kind = codes.pop(0) if codes else 0
        if kind == 5 and codes:
            return palette(codes.pop(0))
        if kind == 2 and len(codes) >= 3:
            red, green, blue = codes.pop(0), codes.pop(0), codes.pop(0)
            return "#%02x%02x%02x" % (red, green, blue)
        return None

    def key(self):
        """What a cell needs to be drawn: text colour, ground colour and font."""
        text = self.foreground or FOREGROUND
        ground = self.background
        if self.reverse:
            text, ground = ground or BACKGROUND, text
        return (text, ground, self.bold, self.dim, self.italic, self.underline)


SGR = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\([A-Z0-9]|([\x0e\x0f])")


def width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line, style):
    """The line as (column, text, look) with one look each."""
    column, start, text, look = 0, 0, "", style.key()
    found, position = [], 0
    while position < len(line):
        match = SGR.match(line, position)
        if match:
            position = match.end()
            if match.group(1) is not None:
                style.apply(int(code) for code in re.split("[;:]", match.group(1)) if code)
                if text:
                    found.append((start, column, text, look))
                start, text = column, ""
                look = style.key()
            continue
        text += line[position]
        column += width(line[position])
        position += 1
    if text:
        found.append((start, column, text, look))
    return found


# Parts of a cell that are filled: fonts leave seams between them, rectangles do not.
BLOCKS = {block: (eighths + 1) / 8 for eighths, block in enumerate("▁▂▃▄▅▆▇█")}


def blocks(start, text, top, colour):
    """Rectangles for the block elements of a run, neighbours of one height joined."""
    column, open_at, height = start, start, None
    for character in text + "\0":
        fill = BLOCKS.get(character)
        if fill != height:
            if height is not None:
                tall = CELL_HEIGHT * height
                yield (
                    f'<rect x="{MARGIN + open_at * CELL_WIDTH:g}" y="{top + CELL_HEIGHT - tall:g}" '
                    f'width="{(column - open_at) * CELL_WIDTH:g}" height="{tall:g}" fill="{colour}"/>'
                )
            open_at, height = column, fill
        column += width(character)


def draw(lines, columns, rows):
    wide = columns * CELL_WIDTH + 2 * MARGIN
    high = rows * CELL_HEIGHT + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" '
        f'height="{high:g}" font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="{FONT_SIZE}">'
    )
    yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
    style = Style()
    for row, line in enumerate(lines[:rows]):
        top = MARGIN + row * CELL_HEIGHT
        for start, end, text, look in runs(line, style):
            colour, ground, bold, dim, italic, underline = look
            left = MARGIN + start * CELL_WIDTH
            length = (end - start) * CELL_WIDTH
            if ground:
                yield (
                    f'<rect x="{left:g}" y="{top:g}" width="{length:g}" height="{CELL_HEIGHT}" '
                    f'fill="{ground}"/>'
                )
            yield from blocks(start, text, top, colour)
            text = "".join(" " if character in BLOCKS else character for character in text)
            if not text.strip():
                continue
            extra = ' font-weight="bold"' if bold else ""
            extra += ' opacity="0.6"' if dim else ""
            extra += ' font-style="italic"' if italic else ""
            extra += ' text-decoration="underline"' if underline else ""
            yield (
                f'<text xml:space="preserve" x="{left:g}" y="{top + BASELINE:g}" textLength="{length:g}" '
                f'lengthAdjust="spacingAndGlyphs" fill="{colour}"{extra}>{escape(text)}</text>'
            )
    yield "</svg>"


def main():
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    lines = sys.stdin.buffer.read().decode("utf-8", "replace").split("\n")
    print("\n".join(draw(lines, columns, rows)))


if __name__ == "__main__":
    main()

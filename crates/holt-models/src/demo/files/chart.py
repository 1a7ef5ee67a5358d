"""Draws a chart of the first numeric column of a CSV file: python3 chart.py data.csv chart.svg"""

import csv
import sys
from html import escape
from statistics import mean

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 76, 64
MOST_ROWS = 60


def number(text):
    try:
        return float(text.replace("_", "").strip())
    except ValueError:
        return None


def read(path):
    """The label and value of each row, and what the value is called."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        sys.exit(f"{path} has no rows below its heading")
    heading, rows = rows[0], rows[1:]
    for column in range(len(heading)):
        values = [number(row[column]) if column < len(row) else None for row in rows]
        if all(value is not None for value in values):
            labels = [row[0] if column > 0 else str(at + 1) for at, row in enumerate(rows)]
            return labels[:MOST_ROWS], values[:MOST_ROWS], heading[column]
    sys.exit(f"{path} has no column that holds numbers only")


def step_for(highest):
    """A round distance between grid lines, so that there are about five."""
    size = 10.0 ** (len(str(int(highest))) - 1) / 10 if highest >= 1 else 0.01
    for factor in (1, 2, 5, 10, 20, 50, 100):
        if highest / (size * factor) <= 6:
            return size * factor
    return highest


def draw(labels, values, name):
    lowest, highest = min(0, *values), max(0, *values) or 1
    step = step_for(highest - lowest)
    top = (int(highest / step) + 1) * step
    bottom = 0 if lowest >= 0 else -(int(-lowest / step) + 1) * step
    plot_width, plot_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    slot = plot_width / len(values)

    def y(value):
        return TOP + plot_height * (top - value) / (top - bottom)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(name)}" font-family="system-ui, sans-serif">',
        "<defs><linearGradient id='bar' x1='0' y1='0' x2='0' y2='1'>"
        "<stop offset='0' stop-color='#2a9d8f'/><stop offset='1' stop-color='#7bc8bd'/></linearGradient></defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="18" fill="#fbfcfb"/>',
        f'<text x="{LEFT}" y="42" font-size="24" font-weight="650" fill="#17332f">{escape(name)}</text>',
    ]
    line = bottom
    while line <= top + step / 2:
        parts.append(f'<path d="M{LEFT} {y(line):.1f} H{WIDTH - RIGHT}" stroke="#dfe8e6"/>')
        parts.append(
            f'<text x="{LEFT - 10}" y="{y(line) + 4:.1f}" font-size="13" text-anchor="end" fill="#5b706c">{line:g}</text>'
        )
        line += step
    for at, (label, value) in enumerate(zip(labels, values)):
        x, width = LEFT + slot * (at + 0.16), slot * 0.68
        high, low = min(y(value), y(0)), max(y(value), y(0))
        parts.append(
            f'<rect x="{x:.1f}" y="{high:.1f}" width="{width:.1f}" height="{max(low - high, 1):.1f}" '
            f'rx="{min(6, width / 3):.1f}" fill="url(#bar)"><title>{escape(label)}: {value:g}</title></rect>'
        )
        if len(values) <= 24:
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="{HEIGHT - BOTTOM + 24}" font-size="13" text-anchor="middle" '
                f'fill="#5b706c">{escape(label[:12])}</text>'
            )
    average = mean(values)
    parts.append(
        f'<path d="M{LEFT} {y(average):.1f} H{WIDTH - RIGHT}" stroke="#e76f51" stroke-width="2" stroke-dasharray="7 6"/>'
        f'<text x="{WIDTH - RIGHT}" y="42" font-size="15" text-anchor="end" fill="#c4512f">'
        f"mean {average:.1f}</text></svg>"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python3 chart.py DATA.csv CHART.svg")
    labels, values, name = read(sys.argv[1])
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(draw(labels, values, name))
    highest, lowest = max(values), min(values)
    print(f"{len(values)} values of {name}")
    print(f"mean {mean(values):.1f}")
    print(f"highest {highest:g} ({labels[values.index(highest)]}), lowest {lowest:g} ({labels[values.index(lowest)]})")

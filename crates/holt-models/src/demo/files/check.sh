set -e
for file in index.html style.css; do
  test -s "$file" || { echo "$file is missing or empty" >&2; exit 1; }
done
if python3 -c 'import html.parser' 2>/dev/null; then
  python3 - <<'PYTHON'
import sys
from html.parser import HTMLParser

ALONE = {"meta", "link", "br", "img", "hr", "path", "circle", "ellipse"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.count, self.wrong = [], {}, []

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing (line {self.getpos()[0]})")


page = Page()
page.feed(open("index.html", encoding="utf-8").read())
page.wrong += [f"<{tag}> is never closed" for tag in page.open]
for tag in ("title", "h1", "main"):
    if page.count.get(tag) != 1:
        page.wrong.append(f"there must be one <{tag}>, not {page.count.get(tag, 0)}")
if page.wrong:
    sys.exit("index.html: " + "; ".join(page.wrong))
sections = page.count.get("section", 0)
print(f"checked index.html: every tag is closed, one title, {sections} sections")
PYTHON
else
  opened=$(grep -c '<section' index.html || true)
  closed=$(grep -c '</section>' index.html || true)
  test "$opened" = "$closed" || { echo "index.html: $opened sections begin and $closed end" >&2; exit 1; }
  grep -q '</html>' index.html || { echo "index.html breaks off" >&2; exit 1; }
  echo "checked index.html without python3: $opened sections, all closed"
fi
{
  sed '/<link rel="stylesheet" href="style.css">/,$d' index.html
  echo '  <style>'
  cat style.css
  echo '  </style>'
  sed '1,/<link rel="stylesheet" href="style.css">/d' index.html
} > "$page"
grep -q '</style>' "$page" && grep -q '</html>' "$page"
echo "wrote $page: $(wc -c < "$page") bytes"

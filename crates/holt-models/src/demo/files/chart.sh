# Draws a chart of the second column of a CSV file: sh chart.sh data.csv chart.svg
[ $# -eq 2 ] || { echo "usage: sh chart.sh DATA.csv CHART.svg" >&2; exit 2; }
awk -F, -v chart="$2" '
function safe(text) {
  gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); gsub(/"/, "\\&quot;", text)
  return text
}
{ sub(/\r$/, "") }
NR == 1 { name = $2; next }
$2 ~ /^-?[0-9.]+$/ && count < 60 {
  count++; label[count] = $1; value[count] = $2 + 0; sum += $2
  if (count == 1 || $2 + 0 > value[best]) best = count
  if (count == 1 || $2 + 0 < value[worst]) worst = count
}
END {
  if (count == 0) { print "there are no numbers in the second column" > "/dev/stderr"; exit 1 }
  top = value[best] > 0 ? value[best] * 1.1 : 1
  slot = 760 / count
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 460\" font-family=\"system-ui, sans-serif\">\n" > chart
  printf "<rect width=\"860\" height=\"460\" rx=\"18\" fill=\"#fbfcfb\"/>\n" > chart
  printf "<text x=\"50\" y=\"42\" font-size=\"24\" font-weight=\"650\" fill=\"#17332f\">%s</text>\n", safe(name) > chart
  for (at = 1; at <= count; at++) {
    height = value[at] > 0 ? 320 * value[at] / top : 0
    x = 50 + slot * (at - 1 + 0.16)
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"5\" fill=\"#2a9d8f\"/>\n", x, 396 - height, slot * 0.68, height > chart
    printf "<text x=\"%.1f\" y=\"420\" font-size=\"13\" text-anchor=\"middle\" fill=\"#5b706c\">%s</text>\n", x + slot * 0.34, safe(substr(label[at], 1, 12)) > chart
  }
  mean = sum / count
  printf "<path d=\"M50 %.1f H810\" stroke=\"#e76f51\" stroke-width=\"2\" stroke-dasharray=\"7 6\"/>\n", 396 - 320 * mean / top > chart
  printf "</svg>\n" > chart
  printf "%d values of %s\nmean %.1f\nhighest %g (%s), lowest %g (%s)\n", count, name, mean, value[best], label[best], value[worst], label[worst]
}' "$1"

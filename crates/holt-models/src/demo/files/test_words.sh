# Tests words.sh: sh test_words.sh
failed=0
text=$(mktemp)
trap 'rm -f "$text"' EXIT
expect() {
  printf '%s' "$1" > "$text"
  found=$(sh words.sh "$text" | sed 's/^ *//' | tr '\n' ';')
  if [ "$found" = "$2" ]; then
    echo "ok: '$1'"
  else
    echo "FAILED: '$1' should give '$2', not '$found'"
    failed=1
  fi
}
expect "" ""
expect "1 + 2" ""
expect "Otter, otter! OTTER? Holt." "3 otter;1 holt;"
exit "$failed"

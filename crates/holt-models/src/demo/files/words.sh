# Prints the most frequent words of a file: sh words.sh FILE
[ $# -eq 1 ] || { echo "usage: sh words.sh FILE" >&2; exit 2; }
tr '[:upper:]' '[:lower:]' < "$1" | tr -cs '[:alpha:]' '\n' | sed '/^$/d' | sort | uniq -c | sort -k1,1nr -k2 | head -n 10

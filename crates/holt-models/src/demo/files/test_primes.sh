# Tests primes.sh: sh test_primes.sh
failed=0
expect() {
  found=$(sh primes.sh "$1")
  if [ "$found" = "$2" ]; then
    echo "ok: below $1"
  else
    echo "FAILED: below $1 there should be '$2', not '$found'"
    failed=1
  fi
}
expect 0 ""
expect 2 ""
expect 3 "2"
expect 30 "2 3 5 7 11 13 17 19 23 29"
count=$(sh primes.sh 1000 | wc -w)
if [ "$count" -eq 168 ]; then echo "ok: 168 below 1000"; else echo "FAILED: $count below 1000"; failed=1; fi
exit "$failed"

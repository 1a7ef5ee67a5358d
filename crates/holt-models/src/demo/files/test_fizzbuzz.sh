# Tests fizzbuzz.sh: sh test_fizzbuzz.sh
found=$(sh fizzbuzz.sh 15 | tr '\n' ' ')
expected="1 2 Fizz 4 Buzz Fizz 7 8 Fizz Buzz 11 Fizz 13 14 FizzBuzz "
if [ "$found" = "$expected" ]; then
  echo "ok: up to 15"
else
  echo "FAILED: it said $found"
  exit 1
fi

# Plays FizzBuzz: sh fizzbuzz.sh 15
last=${1:-100}
number=1
while [ "$number" -le "$last" ]; do
  said=
  [ $((number % 3)) -ne 0 ] || said=Fizz
  [ $((number % 5)) -ne 0 ] || said=${said}Buzz
  echo "${said:-$number}"
  number=$((number + 1))
done

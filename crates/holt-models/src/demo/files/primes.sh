# Prints the primes below a number: sh primes.sh 50
limit=${1:-100}
number=2
found=
while [ "$number" -lt "$limit" ]; do
  divisor=2
  prime=yes
  while [ $((divisor * divisor)) -le "$number" ]; do
    if [ $((number % divisor)) -eq 0 ]; then
      prime=no
      break
    fi
    divisor=$((divisor + 1))
  done
  [ "$prime" = no ] || found="$found${found:+ }$number"
  number=$((number + 1))
done
echo "$found"

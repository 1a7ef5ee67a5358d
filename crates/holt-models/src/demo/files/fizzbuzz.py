"""Plays FizzBuzz: python3 fizzbuzz.py 15"""

import sys


def fizzbuzz(number):
    """What to say for a number."""
    words = ("Fizz" if number % 3 == 0 else "") + ("Buzz" if number % 5 == 0 else "")
    return words or str(number)


if __name__ == "__main__":
    last = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for number in range(1, last + 1):
        print(fizzbuzz(number))

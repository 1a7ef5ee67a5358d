import unittest

from fizzbuzz import fizzbuzz


class FizzBuzz(unittest.TestCase):
    def test_plain_numbers_stay(self):
        self.assertEqual([fizzbuzz(number) for number in (1, 2, 4, 7)], ["1", "2", "4", "7"])

    def test_multiples_of_three_and_five(self):
        self.assertEqual(fizzbuzz(9), "Fizz")
        self.assertEqual(fizzbuzz(10), "Buzz")
        self.assertEqual(fizzbuzz(30), "FizzBuzz")


if __name__ == "__main__":
    unittest.main()

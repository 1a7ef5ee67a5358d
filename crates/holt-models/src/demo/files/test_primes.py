import unittest

from primes import primes_below


class PrimesBelow(unittest.TestCase):
    def test_small_limits_have_none(self):
        for limit in (-5, 0, 1, 2):
            self.assertEqual(primes_below(limit), [])

    def test_the_first_primes(self):
        self.assertEqual(primes_below(30), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29])

    def test_squares_of_primes_are_not_primes(self):
        found = primes_below(1000)
        for number in (4, 9, 25, 49, 121, 169, 289, 361, 529, 841, 961):
            self.assertNotIn(number, found)

    def test_there_are_168_below_a_thousand(self):
        self.assertEqual(len(primes_below(1000)), 168)


if __name__ == "__main__":
    unittest.main()

import unittest

from words import count_words


class CountWords(unittest.TestCase):
    def test_nothing_has_no_words(self):
        self.assertEqual(count_words(""), {})
        self.assertEqual(count_words("1 + 2 = 3"), {})

    def test_case_and_punctuation_do_not_matter(self):
        self.assertEqual(count_words("Otter, otter! OTTER?"), {"otter": 3})

    def test_apostrophes_belong_to_words(self):
        self.assertEqual(count_words("It's the otter's holt"), {"it's": 1, "the": 1, "otter's": 1, "holt": 1})


if __name__ == "__main__":
    unittest.main()

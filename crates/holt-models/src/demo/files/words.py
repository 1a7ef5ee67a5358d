"""Prints the most frequent words of a file: python3 words.py FILE"""

import re
import sys
from collections import Counter


def count_words(text):
    """How often each word occurs; upper and lower case are the same."""
    return Counter(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower()))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 words.py FILE")
    with open(sys.argv[1], encoding="utf-8") as file:
        counts = count_words(file.read())
    for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]:
        print(f"{count:6} {word}")

"""Which names code makes and reads, told from the text of the code."""

import pytest
from reading_code import events


def told(source: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"made": set(), "read": set(), "read later": set()}
    for event in events(source):
        found[event.kind].add(event.name)
    return found


@pytest.mark.parametrize(
    ("source", "made", "read", "later"),
    [
        ("a = b", "a", "b", ""),
        ("a, *b = c", "a b", "c", ""),
        ("a += 1", "a", "a", ""),
        ("a[i] = 1", "a", "a i", ""),
        ("a.b.c = 1", "a", "a", ""),
        ("import a.b, c as d", "a d", "", ""),
        ("from a import b", "b", "", ""),
        ("for a in b:\n    c = a", "a c", "a b", ""),
        ("with a as b:\n    c", "b", "a c", ""),
        ("try:\n    a\nexcept B as c:\n    d", "c", "a B d", ""),
        ("if (a := b):\n    c", "a", "b c", ""),
        ("while a:\n    b = 1", "b", "a", ""),
        ("x = [a * b for a in c]", "x", "b c", ""),
        ("x = {a: b for a, b in c.items() if d}", "x", "c d", ""),
        ("def f(a, b=c):\n    d = a\n    return d + e", "f", "c", "e"),
        ("def f():\n    a = b\n    a[0] = 1", "f", "", "b"),
        ("def f():\n    a[0] = 1", "f a", "", "a"),
        ("f = lambda a: a + b", "f", "", "b"),
        ("f = lambda a: [a + b for c in d]", "f", "", "b d"),
        ("def f():\n    def g():\n        return a\n    return g", "f", "", "a"),
        ("class A(B):\n    c = d\n    def f(self):\n        return e", "A", "B d", "e"),
        ("print(f'{a:.2f}')", "", "print a", ""),
    ],
)
def test_names_of_a_piece_of_code(source, made, read, later):
    found = told(source)
    assert found == {
        "made": set(made.split()),
        "read": set(read.split()),
        "read later": set(later.split()),
    }


def test_the_order_is_that_of_the_run():
    assert [tuple(event) for event in events("for a in b:\n    a\nc = a")] == [
        ("read", "b"),
        ("made", "a"),
        ("read", "a"),
        ("read", "a"),
        ("made", "c"),
    ]

"""The table of RFC clauses: that it is whole and up to date, and that the tool which says so sees
each way in which it may not be."""
import importlib.machinery
import importlib.util
import pathlib

import pytest

TOOL = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "clauses"
_loader = importlib.machinery.SourceFileLoader("clauses", str(TOOL))
clauses = importlib.util.module_from_spec(importlib.util.spec_from_loader("clauses", _loader))
_loader.exec_module(clauses)


def test_every_clause_has_a_test_and_the_page_is_up_to_date():
    assert clauses.complaints() == []


CATALOGUE = ("# RFC 99: a protocol\n"
             "99-1-a | MUST | server | It answers.\n"
             "99-1-b | SHOULD | client | It asks. | It shouts.\n"
             "99-1-c | MUST | n/a: for birds | It sings.\n")
CPP = "// clause: 99-1-a\n// What it is about.\nTEST_F(Bird,\n       Answers) {\n}\n"
PYTHON = "# clause: 99-1-b\n@pytest.mark.parametrize('x', (\n    1, 2))\ndef test_asks(x):\n    pass\n"
CONVERSATION = "# A talk.\n# clause: 99-1-a\nC: NOOP\n"


@pytest.fixture
def tree(tmp_path):
    """A small project in which nothing is wrong; tree(path, text) changes a file of it."""
    def write(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        return tmp_path

    write("docs/clauses/rfc99.txt", CATALOGUE)
    write("src/smtp/bird_test.cc", CPP)
    write("tests/mail/test_bird.py", PYTHON)
    write("tests/conversations/talk.txt", CONVERSATION)
    write("docs/manual/smtp.md", clauses.page(clauses.catalogues(tmp_path)[0],
                                              clauses.marks(tmp_path)[0]))
    return write


def test_a_whole_table_has_no_complaints_and_names_its_tests(tree):
    root = tree("docs/else.md", "")
    assert clauses.complaints(root) == []
    page = (root / "docs/manual/smtp.md").read_text()
    assert "| 1-a | MUST | server | It answers. | `Bird.Answers`<br>`talk.txt` |" in page
    assert "| It asks. *Here: It shouts.* | `test_bird: test_asks` |" in page
    assert "| 1-c | MUST | It sings. | for birds |" in page


@pytest.mark.parametrize("path, text, said", [
    ("tests/mail/test_bird.py", "", "99-1-b has no test"),
    ("src/smtp/bird_test.cc", CPP.replace("99-1-a", "99-9-z"), "there is no clause 99-9-z"),
    ("src/smtp/bird_test.cc", CPP.replace("99-1-a", "99-1-c"), "not for us"),
    ("src/smtp/bird_test.cc", CPP.replace("Answers", "DISABLED_Answers"), "is switched off"),
    ("src/smtp/bird_test.cc", "// clause: 99-1-a\nint x;\n" + CPP, "no test below the mark"),
    ("src/smtp/bird_test.cc", CPP + "// clause: 99-1-a\n", "no test below the mark"),
    ("tests/mail/test_bird.py", "# clause: 99-1-b\nX = 1\n" + PYTHON, "no test below the mark"),
    ("docs/clauses/rfc99.txt", CATALOGUE + "99-1-a | MUST | server | Again.\n", "there twice"),
    ("docs/clauses/rfc99.txt", CATALOGUE + "98-1-a | MUST | server | No.\n", "is no id"),
    ("docs/clauses/rfc99.txt", CATALOGUE + "99-2-a | PERHAPS | server | No.\n", "no such level"),
    ("docs/clauses/rfc99.txt", CATALOGUE + "99-2-a | MUST | bird | No.\n", "no such role"),
    ("docs/clauses/rfc99.txt", CATALOGUE + "99-2-a MUST\n", "not a clause"),
    ("docs/clauses/rfc99.txt", CATALOGUE.replace("answers", "sleeps"), "not up to date"),
    ("docs/manual/smtp.md", "old\n", "not up to date"),
])
def test_each_wrong_is_seen(tree, path, text, said):
    assert said in "\n".join(clauses.complaints(tree(path, text)))


CTEST = ('<testsuite><testcase name="smtp.Bird.Answers" status="run"/>'
         '<testcase name="receive.Scripts/Conversation.Goes/talk" status="run"/></testsuite>')
PYTEST = ('<testsuites><testsuite><testcase classname="mail.test_bird" name="test_asks[1]"/>'
          '</testsuite></testsuites>')


@pytest.mark.parametrize("report, said", [
    (CTEST, ""),
    (PYTEST, ""),
    (CTEST.replace("Answers", "Sleeps"), "Bird.Answers"),
    (CTEST.replace('Answers" status="run"', 'Answers" status="notrun"'), "Bird.Answers"),
    (CTEST.replace("talk", "walk"), "talk"),
    (PYTEST.replace('[1]"/>', '[1]"><skipped/></testcase>'), "test_asks"),
    (PYTEST.replace('[1]"/>', '[1]"><failure/></testcase>'), "test_asks"),
    ("<testsuites/>", "no tests in it"),
])
def test_marked_tests_must_have_run_and_passed(tree, report, said):
    root = tree("report.xml", report)
    wrong = "\n".join(clauses.not_run(root / "report.xml", root))
    assert said in wrong and bool(said) == bool(wrong)

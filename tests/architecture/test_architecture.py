"""The folders' knowledge of each other, the size of files and where outside libraries are seen, as
ARCHITECTURE.md promises them."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = sorted(path for path in (ROOT / "src").rglob("*") if path.suffix in (".h", ".cc"))
IDS = [str(path.relative_to(ROOT)) for path in SOURCES]

# Each outside library is seen by few files: here by the folders that may.
SEEN_IN = {
    r"boost/asio": {"net"}, r"boost/beast": {"net", "admin"}, r"unbound\.h": {"net"},
    r"openssl/": {"net"}, r"toml\+\+": {"config"}, r"CLI/": {"appliance"},
    r"prometheus/": {"monitor"}, r"boost/json": {"monitor", "admin", "appliance"},
}


def knows():
    """What CMakeLists.txt allows: folder -> folders."""
    text = re.sub(r"#.*", "", (ROOT / "CMakeLists.txt").read_text())
    allowed = {}
    for call in re.findall(r"malleposte_folder\(([^)$]+)\)", text):
        name, *words = call.split()
        if "KNOWS" in words:
            words = words[words.index("KNOWS") + 1 :]
            words = words[: words.index("LIBRARIES")] if "LIBRARIES" in words else words
        else:
            words = []
        allowed[name] = {name, *words}
    return allowed


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


ALLOWED = knows()


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_a_file_includes_only_what_its_folder_knows(path):
    folder = path.relative_to(ROOT / "src").parts[0]
    for one in includes(path):
        other = one.split("/")[0]
        if other in ALLOWED and "/" in one:
            assert other in ALLOWED[folder], f"{folder} may not know {one}"


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_outside_libraries_stay_in_their_folders(path):
    folder = path.relative_to(ROOT / "src").parts[0]
    for one in includes(path):
        for library, folders in SEEN_IN.items():
            if re.match(library, one):
                assert folder in folders, f"{one} is for {', '.join(folders)}"
        assert one != "regex"
        assert path.suffix != ".h" or one != "iostream"


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_a_file_is_one_noun(path):
    lines = path.read_text().count("\n")
    assert lines <= 500, f"{lines} lines: it holds two nouns"
    if path.suffix == ".h":
        text = path.read_text()
        assert text.startswith("//"), "a header opens with what it is"
        assert "#pragma once" in text


def test_folders_that_never_see_each_other():
    assert "deliver" not in ALLOWED["receive"] and "receive" not in ALLOWED["deliver"]

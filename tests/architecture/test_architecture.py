"""The folders' knowledge of each other, the size of files and where outside libraries are seen, as
ARCHITECTURE.md promises them."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = sorted(path for path in (ROOT / "src").rglob("*") if path.suffix in (".h", ".cc"))

# Each outside library is seen by few files: here by the folders that may.
SEEN_IN = {
    r"boost/asio": {"net"}, r"boost/beast": {"net", "admin"}, r"unbound\.h": {"net"},
    r"openssl/": {"net"}, r"toml\+\+": {"config"}, r"CLI/": {"appliance"},
    r"gmime/": {"mail"}, r"prometheus/": {"monitor"}, r"idn2\.h": {"base"},
    r"boost/json": {"monitor", "admin", "appliance"},
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


def complaints_about(check):
    """What `check` says of every source; it is given the folder and the path."""
    return [f"{path.relative_to(ROOT)}: {said}" for path in SOURCES
            for said in check(path.relative_to(ROOT / "src").parts[0], path)]


def test_a_file_includes_only_what_its_folder_knows():
    def check(folder, path):
        for one in includes(path):
            other = one.split("/")[0]
            if "/" in one and other in ALLOWED and other not in ALLOWED[folder]:
                yield f"{folder} may not know {one}"
    assert complaints_about(check) == []


def test_outside_libraries_stay_in_their_folders():
    def check(folder, path):
        for one in includes(path):
            for library, folders in SEEN_IN.items():
                if re.match(library, one) and folder not in folders:
                    yield f"{one} is for {', '.join(sorted(folders))}"
            if one == "regex" or (path.suffix == ".h" and one == "iostream"):
                yield f"<{one}>"
    assert complaints_about(check) == []


def test_a_file_is_one_noun():
    def check(_folder, path):
        lines = path.read_text().count("\n")
        if lines > 500:
            yield f"{lines} lines: it holds two nouns"
    assert complaints_about(check) == []


def test_a_header_opens_with_what_it_is():
    def check(_folder, path):
        if path.suffix == ".h":
            text = path.read_text()
            if not text.startswith("//") or "#pragma once" not in text:
                yield "no prose on top, or no #pragma once"
    assert complaints_about(check) == []


def test_folders_that_never_see_each_other():
    assert "deliver" not in ALLOWED["receive"] and "receive" not in ALLOWED["deliver"]

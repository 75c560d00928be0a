#!/usr/bin/python3 -B
"""A next hop in a process of its own, so that it takes nothing from the client that is timed: says of
each mail when its content was there. `arrivals.py PORT` prints "ready", then "number seconds" a mail,
in the seconds of time.perf_counter(), which is one clock for all processes of a machine."""
import re
import sys
import time

import servers  # noqa: it finds the harness

from harness.sink import Sink


def main():
    def note(mail):
        now = time.perf_counter()
        if number := re.search(rb"number (\d+)", mail.content):
            print(number[1].decode(), now, flush=True)

    sink = Sink(port=int(sys.argv[1]))
    sink.on_data = note
    print("ready", flush=True)
    sys.stdin.read()  # until the bench closes it
    sink.close()


if __name__ == "__main__":
    main()

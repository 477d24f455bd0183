# SPDX-License-Identifier: Apache-2.0
"""python3 -m adcs.ask CA ORDER [VALUE]... [NAME=VALUE]...

    python3 -m adcs.ask ca1 rows
    python3 -m adcs.ask ca1 approve 7
    python3 -m adcs.ask ca1 fault refuse code=0x80094012 times=2
"""
import json
import os
import socket
import sys


def value_of(text):
    try:
        return int(text, 0)
    except ValueError:
        return text


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    ca, order, *words = sys.argv[1:]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    line = {"ca": ca, "do": order, "args": [value_of(word) for word in words if "=" not in word],
            "options": {name: value_of(value) for name, value in options.items()}}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.path.join(os.environ["CERTFERRY_LAB"], "control.sock"))
        with connection.makefile("rw") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            answer = json.loads(file.readline())
    if "error" in answer:
        sys.exit(answer["error"])
    print(json.dumps(answer["result"], indent=1))


if __name__ == "__main__":
    main()

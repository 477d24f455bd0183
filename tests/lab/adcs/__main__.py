# SPDX-License-Identifier: Apache-2.0
"""python3 -m adcs [COMMAND...]: what tests/lab/dc/run --adcs runs inside its namespaces.

COMMAND finds the domain in its environment: KRB5_CONFIG, and CERTFERRY_LAB, a folder with keytabs
(conn1.keytab, svc.keytab), password files and the CAs' certificates (ca/issuing.pem, ...).
`python3 -m adcs.ask` in it tells the CAs what to do.
"""
import os
import subprocess
import sys
from pathlib import Path

from . import control, lab

FOLDER = Path("/run/certferry-adcs")


def main():
    if reason := lab.missing():
        print(f"skipped: {reason}", file=sys.stderr)
        return 77
    with lab.Lab(FOLDER) as made:
        server = control.Control(made, FOLDER / "control.sock")
        env = {**os.environ, "KRB5_CONFIG": str(made.dc.krb5_conf), "CERTFERRY_LAB": str(FOLDER)}
        print(f"KRB5_CONFIG={made.dc.krb5_conf} CERTFERRY_LAB={FOLDER} "
              f"{made.ca1.host}={made.ca1.name!r} {made.ca2.host}={made.ca2.name!r} "
              f"ces={made.ces.url('Kerberos')}", flush=True)
        code = subprocess.run(sys.argv[1:] or ["bash"], env=env, check=False).returncode
        server.stop()
        for error in made.errors:
            print(error, file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())

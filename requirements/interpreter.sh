#!/bin/sh
# Print the first Python that can run Tidegate: the one asked for, else the newest supported one on PATH.
#
# usage: interpreter.sh [PYTHON]
#
# Each candidate is run, not only looked up: version managers leave names on PATH that start nothing.
set -u

usable='
import sys
name = "%s %d.%d" % (sys.implementation.name, sys.version_info[0], sys.version_info[1])
if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit("is " + name)
for module in ("ensurepip", "sqlite3", "ssl", "venv"):
    try:
        __import__(module)
    except ImportError:
        sys.exit("is %s without the module %s" % (name, module))
'

asked_for=${1:-}
if [ -z "$asked_for" ]; then
    set -- python3.14 python3.13 python3.12 python3.11 python3 python
fi

tried=
package=
for candidate; do
    found=$(command -v "$candidate") || continue
    if said=$("$found" -I -c "$usable" 2>&1); then
        printf '%s\n' "$found"
        exit 0
    fi
    tried="$tried
  $found $(printf '%s\n' "$said" | sed -n 1p)"
    case $said in
        *'without the module ensurepip'* | *'without the module venv'*)
            package=$(printf '%s\n' "$said" | sed 's/.*cpython \([0-9.]*\).*/python\1-venv/')
            ;;
    esac
done

{
    echo "Tidegate needs CPython 3.11, 3.12, 3.13 or 3.14 with venv, ssl and sqlite3. None of these will do:${tried:-
  (looked for $*: none found)}"
    if [ -n "$package" ]; then
        echo "Debian and Ubuntu ship venv apart: sudo apt-get install $package"
    elif [ -n "$asked_for" ]; then
        echo "Give another one with PYTHON=, or leave it out to have one looked for."
    else
        echo "Debian and Ubuntu: sudo apt-get install python3 python3-venv. macOS: brew install python@3.13."
        echo "One that is not on PATH: make PYTHON=/path/to/python3.13."
    fi
} >&2
exit 1

#!/bin/sh
# Finds or installs what `make talk`, `make check` and `make test` need. They run it; you may run it by hand.
#
#   setup.sh talk [--light]   .venv with the package and its engines, PortAudio, the models; --light: the small language model
#   setup.sh check            .venv with the package and the development tools
#   setup.sh test             all of these, an audio server, voices, a browser, HAProxy, Prometheus's promtool and iproute2
#                             for the tests, and the small language model, which the tests use whatever else is there
#
# You may interrupt it anywhere and run it again. `.venv/place` holds the checkout's path while the .venv is
# whole; without it, or with another path in it, this script makes the .venv anew. `.venv/installed-*` are
# copies of the pyproject.toml that was installed. Why so: docs/decisions/0002-set-up.md
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)

# What the audio tests run: a server with virtual devices, the way from PortAudio to it, and two voices.
room_packages="pulseaudio pulseaudio-utils libasound2-plugins flite espeak-ng"

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# apt_install PACKAGE...: false where there is no apt-get, where this user may not use it, or where it failed
# (then its words are shown).
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else return 1; fi
    apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120"
    say "installing with apt-get: $*"
    # Package lists may be absent or out of date; they are fetched only when the first try fails.
    words=$({ $apt install -y --no-install-recommends "$@" || { $apt update; $apt install -y --no-install-recommends "$@"; }; } 2>&1) ||
        { printf '%s\n' "$words" >&2; return 1; }
}

# --- Python -------------------------------------------------------------------------------------------

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

# Debian keeps the part that fills a virtual environment in a package of its own, python3-venv.
makes_venvs() { suits "$1" && "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11 python; fi
    for python; do
        if makes_venvs "$python"; then return; fi
    done
    return 1
}

choose_python() {
    if find_python; then return; fi
    if [ -n "${PYTHON:-}" ]; then die "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13 that can make virtual environments"; fi
    if ! command -v python3 >/dev/null || suits python3; then
        if apt_install python3 python3-venv && find_python; then return; fi
    fi
    if suits python3; then
        die 'python3 cannot make virtual environments; run "sudo apt-get install python3-venv", then this again'
    fi
    die "no Python 3.11, 3.12 or 3.13 found; install one, or say where it is: make setup PYTHON=/path/to/python3.12"
}

# --- Steps --------------------------------------------------------------------------------------------

whole() { [ "$(cat .venv/place 2>/dev/null)" = "$here" ] && suits .venv/bin/python; }

venv() {
    if whole; then return; fi
    choose_python
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

# packages NAME EXTRA: the package, editable, with its dependencies.
packages() {
    if whole && cmp -s pyproject.toml ".venv/installed-$1"; then return; fi
    rm -f .venv/place
    say "installing the Python packages; the first time takes a few minutes"
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --editable ".$2" ||
        die "the Python packages could not be installed; the reason is above"
    cp pyproject.toml .venv/installed-talk
    cp pyproject.toml ".venv/installed-$1"
    printf '%s\n' "$here" >.venv/place
}

# On macOS and Windows the sounddevice wheel brings the library along. This looks for it as sounddevice does.
portaudio() {
    if [ "$(uname -s)" != Linux ] || has_portaudio; then return; fi
    if apt_install libportaudio2 && has_portaudio; then return; fi
    if command -v apt-get >/dev/null; then how="sudo apt-get install libportaudio2"
    elif command -v dnf >/dev/null; then how="sudo dnf install portaudio"
    elif command -v pacman >/dev/null; then how="sudo pacman -S portaudio"
    elif command -v zypper >/dev/null; then how="sudo zypper install portaudio"
    else die "the PortAudio library is missing; install it with your package manager, then run this again"
    fi
    die "the PortAudio library is missing; run \"$how\", then this again"
}

has_portaudio() { .venv/bin/python -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("portaudio"))'; }

room() {
    if has_room || { apt_install $room_packages && has_room; }; then return; fi
    say "without all of these the tests with virtual audio devices are skipped: $room_packages"
}

has_room() {
    if command -v dpkg-query >/dev/null; then
        [ "$(dpkg-query -W -f '${db:Status-Status}\n' $room_packages 2>/dev/null | grep -cx installed)" = "$(echo $room_packages | wc -w)" ]
    else
        for program in pulseaudio pactl flite espeak-ng; do command -v "$program" >/dev/null || return 1; done
    fi
}

# Not among room_packages: where no package exists for it, apt-get would install none of the others.
browser() {
    if command -v chromium >/dev/null || command -v google-chrome >/dev/null || apt_install chromium; then return; fi
    say "without chromium the tests that look at the report's page are skipped"
}

# The package also has a service. It ends at once: nothing in Debian's configuration of it listens.
balancer() {
    if command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] || apt_install haproxy; then return; fi
    say "without haproxy the tests that have it share talks out between servers are skipped"
}

# Network namespaces for the tests with a bad link. Those tests need root, and /dev/net/tun.
namespaces() {
    if [ "$(uname -s)" != Linux ] || command -v ip >/dev/null || apt_install iproute2; then return; fi
    say "without iproute2 the tests that talk over a bad link are skipped"
}

# Only the program, out of Debian's package: installed, the package would also run a server. No root needed.
prometheus_tool() {
    if command -v promtool >/dev/null || [ -x .venv/bin/promtool ]; then return; fi
    if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && fetched=$(mktemp -d); then
        say "fetching promtool, out of the package prometheus"
        if (cd "$fetched" && apt-get download -q prometheus) >/dev/null 2>&1 &&
            dpkg-deb --fsys-tarfile "$fetched"/prometheus_*.deb | tar -xO ./usr/bin/promtool >"$fetched/promtool" &&
            chmod +x "$fetched/promtool" && "$fetched/promtool" --version >/dev/null 2>&1; then
            mv "$fetched/promtool" .venv/bin/promtool
        fi
        rm -rf "$fetched"
        if [ -x .venv/bin/promtool ]; then return; fi
    fi
    say "without promtool the tests that have Prometheus read the alerts and the page are skipped"
}

models() { .venv/bin/python -m voicecli models pull "$@" >&2; }

case "${1:-}" in
talk) shift; venv; portaudio; packages talk "[local]"; models "$@" ;;
check) venv; packages dev "[local,dev]" ;;
test) venv; portaudio; room; browser; balancer; namespaces; prometheus_tool; packages dev "[local,dev]"; models --light; models moonshine-tiny-en ;;
*) die "usage: setup.sh talk [--light] | check | test" ;;
esac

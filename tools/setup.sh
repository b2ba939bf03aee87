# Sourced by ./run and ./test: installs what is missing, and nothing when nothing is.
# The stamp .venv/.ready-* holds the digest of what it was made from, so that a set-up tree starts at once.

# package → why; one line each
packages() {
    cat <<'LIST'
python3-venv            the project's own Python environment
tesseract-ocr           reads the text on a seal
tesseract-ocr-chi-sim   reads it in Chinese
libgl1                  OpenCV loads it
libglib2.0-0            OpenCV loads it
fonts-arphic-gbsn00lp   the demonstration's seals and contracts are set in it
fonts-droid-fallback    a forger needs another font
LIST
}

say() { printf '%s\n' "sigillum: $*" >&2; }

missing_packages() {
    packages | while read -r name why; do
        state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null || true)
        case "$state" in
            ii*) ;;
            # Debian 13 renamed this one for the 64-bit time.
            *) [ "$name" = libglib2.0-0 ] && dpkg-query -W -f='${db:Status-Abbrev}' libglib2.0-0t64 2>/dev/null | grep -q '^ii' && continue
               printf '%s\t%s\n' "$name" "$why" ;;
        esac
    done
}

install_packages() {
    command -v dpkg-query >/dev/null 2>&1 || { say "this is not Debian; install by hand:"; packages >&2; return 0; }
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    say "these Debian packages are missing:"
    printf '%s\n' "$missing" | sed 's/^/  /' >&2
    names=$(printf '%s\n' "$missing" | cut -f1)
    if [ "$(id -u)" = 0 ]; then as_root=''
    elif command -v sudo >/dev/null 2>&1; then as_root=sudo
    else say "neither root nor sudo: ask an administrator for: apt-get install $(echo $names)"; exit 1
    fi
    say "installing them with apt-get"
    # shellcheck disable=SC2086
    $as_root apt-get update -qq >&2
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names >&2
}

find_python() {
    for candidate in ${SIGILLUM_PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"; return 0
        fi
    done
    say "Python 3.11, 3.12 or 3.13 is needed; set SIGILLUM_PYTHON to one"; exit 1
}

# setup TREE product|dev
setup() {
    tree=$1; flavour=$2
    case $flavour in product) lock=requirements.lock ;; dev) lock=requirements-dev.lock ;; esac
    wanted=$(cat "$tree/$lock" "$tree/pyproject.toml" "$tree/tools/setup.sh" | sha256sum | cut -d' ' -f1)
    stamp=$tree/.venv/.ready-$flavour
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return 0; fi
    install_packages
    python=$(find_python)
    if [ ! -x "$tree/.venv/bin/pip" ]; then
        say "making .venv with $($python --version)"
        "$python" -m venv "$tree/.venv"
    fi
    say "installing $lock (hashes are checked)"
    "$tree/.venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$tree/$lock" >&2
    "$tree/.venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable "$tree" >&2
    # The other flavour's stamp stays: dev only adds to product.
    echo "$wanted" > "$stamp"
}

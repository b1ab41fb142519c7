#!/bin/sh
# Checks that clang-format would change nothing. Usage: format.sh <source directory>
SKIPPED=77
VERSION=14

formatter=clang-format
command -v "$formatter-$VERSION" >/dev/null && formatter=$formatter-$VERSION
if ! "$formatter" --version 2>/dev/null | grep -q "version $VERSION\."; then
    echo "skipped: clang-format $VERSION, which lays out this source, is not installed"
    exit $SKIPPED
fi
cd "$1" || exit 2
find include src tests -name '*.[ch]' -exec "$formatter" --dry-run -Werror {} +

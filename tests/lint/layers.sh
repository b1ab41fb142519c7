#!/bin/sh
# Checks every include between our layers and inside two of them. Also checks that the routes are
# written in only one place. Usage: layers.sh <source directory>
cd "$1" || exit 2
faults=0

fault() {
    echo "$1" >&2
    faults=$((faults + 1))
}

# A layer may include lower layers, but never its neighbours or higher layers.
height() {
    case $1 in
    app) echo 6 ;;
    api) echo 5 ;;
    web) echo 4 ;;
    http | auth | catalogue | store | journal) echo 3 ;;
    limit | metrics | redis) echo 2 ;;
    base) echo 1 ;;
    *) echo 0 ;;
    esac
}

check_include() { # <file> <layer of the file> <included path>
    target=${3%%/*}
    if [ "$target" = .. ]; then
        fault "$1: \"$3\" leaves its directory"
    elif [ "$(height "$target")" -eq 0 ]; then
        fault "$1: \"$3\": there is no such layer"
    elif [ "$target" != "$2" ] && [ "$(height "$target")" -ge "$(height "$2")" ]; then
        fault "$1: \"$3\": $2 must not know $target"
    fi
}

check_file() {
    layer=${1#*/}
    layer=${layer%%/*}
    if [ "$(height "$layer")" -eq 0 ]; then
        fault "$1: $layer is no layer"
        return
    fi
    # An include without a directory is a private header in the same directory.
    for path in $(sed -n 's/^ *# *include *"\([^"]*\/[^"]*\)".*/\1/p' "$1"); do
        check_include "$1" "$layer" "$path"
    done
}

files=$(find include src -name '*.[ch]')
for file in $files; do
    check_file "$file"
done

# Only the route table has the path of a route as a literal.
routes=$(grep -o '"/[^"]*"' src/api/routes.c | sort -u)
[ -n "$routes" ] || fault "src/api/routes.c has no routes"
for route in $routes; do
    for file in $(grep -lF -e "$route" $files); do
        [ "$file" = src/api/routes.c ] ||
            fault "$file: the route $route belongs to src/api/routes.c"
    done
done

# In the lowest layer and in one of the highest, parts must not include each other in a circle. A
# part is a header and the source of its name.
parts_of() { # <layer>
    for file in include/"$1"/*.h src/"$1"/*.c; do
        part=$(basename "${file%.*}")
        sed -n "s/^ *# *include \"\($1\/\)\{0,1\}\([a-z0-9_]*\)\.h\"/$part \2/p" "$file"
    done | awk '$1 != $2'
}

for layer in base api; do
    [ -n "$(parts_of $layer)" ] || fault "src/$layer includes nothing of its own"
    circle=$(parts_of $layer | tsort 2>&1 >/dev/null)
    [ -z "$circle" ] || fault "$layer: parts include each other: $(echo "$circle" | tr -s '\n' ' ')"
done

[ "$(echo "$files" | wc -l)" -gt 1 ] || fault "found nothing to check"
echo "$(echo "$files" | wc -l) files, $faults faults"
[ "$faults" -eq 0 ]

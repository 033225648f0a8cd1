#!/bin/sh
# Writes .env for docker-compose.yml, with random passwords, readable by you alone. One that is there is kept.
#   deploy/env.sh [FILE]
set -eu
cd "$(dirname "$0")/.."
file=${1:-.env}
if [ -e "$file" ]; then
	echo "$file is there already and stays as it is"
	exit 0
fi
umask 077
fill() {
	while IFS= read -r line; do
		case $line in
		'#'* | *=?*) printf '%s\n' "$line" ;;
		*=) printf '%sh%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}
fill <deploy/env.example >"$file.$$"
mv "$file.$$" "$file"
echo "wrote $file"

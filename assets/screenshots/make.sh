#!/bin/sh
# Makes the pictures in this folder from the running console. Needs tmux and python3; no account.
#
#   assets/screenshots/make.sh            all of them
#   assets/screenshots/make.sh deploy     those whose name begins so
#
# Rehearsals are deterministic, but their clock starts at the present: times differ from run to run.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${SWITCHBACK:-$root/target/debug/switchback}
only=${1:-}
socket=switchback-screenshots-$$
state=$(mktemp -d)
trap 'tmux -L "$socket" kill-server 2>/dev/null || true; rm -rf "$state"' EXIT INT TERM

[ -x "$program" ] || (cd "$root" && cargo build)

wanted() { case $1 in "$only"*) return 0 ;; *) return 1 ;; esac; }

# open COLUMNS ROWS ARGUMENTS…: starts a console in a terminal of that size.
open() {
    columns=$1 rows=$2
    shift 2
    tmux -L "$socket" -f /dev/null new-session -d -x "$columns" -y "$rows" -s shot \
        "env -u NO_COLOR TERM=xterm-256color COLORTERM=truecolor LANG=C.UTF-8 XDG_STATE_HOME=$state \
         XDG_CONFIG_HOME=$state $program $*" \; set -g status off \; set -g exit-empty off
}

press() { for key in "$@"; do [ -z "$key" ] || tmux -L "$socket" send-keys -t shot "$key"; sleep 0.3; done; }
type() { tmux -L "$socket" send-keys -t shot -l "$1"; sleep 0.3; }
pane() { tmux -L "$socket" capture-pane -p -t shot; }

# await PATTERN: until the screen shows it, half a minute at most.
await() {
    for _ in $(seq 150); do
        pane | grep -q -- "$1" && return 0
        sleep 0.2
    done
    echo "never saw: $1" >&2
    pane >&2
    return 1
}

shoot() {
    tmux -L "$socket" capture-pane -e -p -t shot | python3 "$here/render.py" "$columns" "$rows" >"$here/$1.svg"
    [ -z "${TEXT:-}" ] || pane >"$TEXT/$1.txt"
    echo "$1.svg"
}

close() { tmux -L "$socket" kill-session -t shot; }

# confirm KEY REASON: opens the plan that KEY asks for, gives the reason and the name, and stops at the button.
confirm() {
    press "$1"
    await "Reason"
    press Tab
    type "$2"
    press Tab
    type payment-standby-demo
    press Tab
}

for size in 80x24 120x40 200x60; do
    wanted "board-$size" || continue
    open "${size%x*}" "${size#*x}" --rehearse
    await "confirmed primary"
    await "16/16"
    sleep 2
    shoot "board-$size"
    close
done

for size in 80x24 120x40; do
    wanted "confirm-$size" || wanted "failover-$size" || wanted "held-$size" || continue
    open "${size%x*}" "${size#*x}" --rehearse=region-outage --speed 10
    await "NOT ANSWERING"
    sleep 4
    confirm F "INC-4411, us-east-1 answers nobody"
    wanted "confirm-$size" && shoot "confirm-$size"
    press Enter
    await "○ settled"
    await "ALARM since"
    wanted "failover-$size" && shoot "failover-$size"
    await "HELD by"
    sleep 2
    wanted "held-$size" && shoot "held-$size"
    close
done

if wanted not-held-120x40; then
    open 120 40 --rehearse=region-dead --speed 10
    await "NOT HELD"
    sleep 1
    shoot not-held-120x40
    close
fi

if wanted refused-80x24; then
    open 80 24 --rehearse=standby-unfit
    await "NO-GO"
    await "16/16"
    press F
    await "Reason"
    shoot refused-80x24
    close
fi

if wanted deploy-120x40; then
    open 120 40 --rehearse=empty --speed 10
    await "absent"
    press D
    await "Enter next"
    for _ in 1 2 3 4 5 6 7 8 9 10; do press Enter; done
    confirm "" "first deployment"
    press Enter
    await "1 of 3"
    sleep 8
    shoot deploy-120x40
    close
fi

#!/usr/bin/env bash
# A quarter of an hour on a CUDA card: the tests, trainings that move between card and CPU, speed, trials, replays.
#
#   benchmarks/on_a_card.sh [--dry-run] [FOLDER]
#
# Leaves in FOLDER (default: results/on-a-card) what is worth committing: a log of each step, the ratios of the speed
# tests, and the records of the trials. Checkpoints stay in runs/on-a-card, where the same command goes on from them.
# A step that fails does not stop the others; the exit status is 1 then. --dry-run does all of it on the CPU, cut to
# what takes a minute or two. PYTHON names the interpreter (default: .venv/bin/python), MINUTES the time (default: 15).
set -uo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
minutes=${MINUTES:-15}
device=cuda standard=standard paper=paper dataset=mnist workers=6 cuda_tests=() speed=(--benchmark-only -s --benchmark-json)
if [ "${1:-}" = --dry-run ]; then
    shift
    device=cpu standard=smoke paper=smoke dataset=digits workers=1
    # Cut to next to nothing, no speed can be held to its limit.
    cuda_tests=(tests/cuda/test_numbers.py) speed=(--collect-only)
    export GAN_REPRO_BENCHMARKS_ONLY_TESTED=1
fi
folder=${1:-results/on-a-card}
if [ "$device" = cuda ]; then speed+=("$folder/speed.json"); fi
runs=runs/on-a-card
mkdir -p "$folder" "$runs"
failed=0

step() { # NAME COMMAND...: run a command, keep what it prints in FOLDER/NAME.txt, and say how long it took
    local name=$1 begun=$SECONDS status=0
    shift
    echo "== $name: $*"
    "$@" >"$folder/$name.txt" 2>&1 || status=$?
    tail -n 3 "$folder/$name.txt"
    echo "== $name: status $status, $((SECONDS - begun)) s" | tee -a "$folder/steps.txt"
    [ "$status" -eq 0 ] || failed=1
}

table() { # PRESET MINUTES OPTIONS...: train and score
    local preset=$1 budget=$2
    shift 2
    "$python" -m gan_repro.table1 --preset "$preset" --datasets "$dataset" --device "$device" --workers "$workers" \
        --budget "$budget" --runs "$runs" "$@"
}

: >"$folder/steps.txt"
git rev-parse HEAD >"$folder/commit.txt"
if [ "$device" = cuda ]; then step card nvidia-smi; fi

step tests "$python" -m pytest -m cuda -rs ${cuda_tests[@]+"${cuda_tests[@]}"}
step smoke table smoke 2
step moved "$python" -m benchmarks.moved "$device" "$dataset"
step speed "$python" -m pytest tests/speed -rs -k "$device" "${speed[@]}"
step standard table "$standard" 4 --rows gan dbn cae gsn --seeds 3
step replay "$python" -m gan_repro.audit --runs "$runs" --replay 2 --minutes 5
left=$((minutes - SECONDS / 60))
if [ "$left" -gt 0 ]; then step paper table "$paper" "$left" --rows gan; fi

cp -R "$runs/trials" "$folder/"
echo "left in $folder: $(ls -x "$folder" | tr '\n' ' ')"
exit "$failed"

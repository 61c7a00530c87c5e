#!/bin/sh
# The steps on a machine with a card, in their order (docs/card.md). Stops at the first that fails.
# What they say lands in the folder that is named, or first-light.
set -eu
out=${1:-first-light}
mkdir -p "$out"
livedream doctor | tee "$out/doctor.txt"
pytest -q tests/kernels tests/runtime/cuda | tee "$out/tests.txt"
tail -1 "$out/tests.txt" | grep -q passed && ! grep -qE '^(FAILED|ERROR)' "$out/tests.txt"
for tool in memcheck racecheck; do
  compute-sanitizer --tool "$tool" --error-exitcode 1 --target-processes all \
    python -m pytest -q tests/kernels/test_kernels.py >"$out/$tool.txt"
done
for model in efficientnet_lite0 googlenet inception_v3; do
  livedream bench --provider cuda --precision fp32,tf32,fp16 --measure step --model "$model" \
    --weights random --json "$out/step-$model.json" >"$out/step-$model.txt"
done
python -m tests.gaps --provider cuda >"$out/gaps.txt"
for recipe in live google; do
  for what in "googlenet inception4c" "inception_v3 Mixed_6b"; do
    set -- $what
    livedream bench --full --baseline torch --model "$1" --layers "$2" --recipe "$recipe" \
      --size 640x360,1280x720,1920x1080 --provider cuda --weights random \
      --json "$out/$1-$recipe.json" --html "$out/$1-$recipe.html" >"$out/$1-$recipe.txt"
  done
done
livedream bench --provider cuda --measure step --model googlenet --layers inception4c \
  --size 1280x720 --weights random --wait spin --json "$out/spin.json" >"$out/spin.txt"
python -m livedream.kernels.timing >"$out/kernels.txt"
livedream build --size 1280x720 --provider auto --weights random >"$out/build.txt"

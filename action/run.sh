#!/usr/bin/env bash
# What the GitHub Action does: diagnose, write the reports, fill the step summary, fail as loglens fails.
# Inputs are environment variables (see action.yml); LOGLENS_FAIL_ON and LOGLENS_CONFIG are loglens' own.
set -euo pipefail

output=${INPUT_OUTPUT:-loglens-report}
if [[ $output == *$'\n'* ]]; then
  echo "loglens: output must be one folder" >&2
  exit 2
fi
mkdir -p -- "$output"

sarif=""
args=(-q -o "$output/report.txt")
for format in ${INPUT_FORMATS:-}; do
  case $format in
    sarif) sarif=$output/report.sarif && args+=(-o "$sarif") ;;
    markdown) args+=(-o "$output/report.md") ;;
    json) args+=(-o "$output/report.json") ;;
    junit) args+=(-o "$output/report.xml") ;;
    html) args+=(-o "$output/report.html") ;;
    github) args+=(-o - --format github) ;;
    text) ;;
    *)
      echo "loglens: no format $format; there are sarif, markdown, json, junit, html, github, text" >&2
      exit 2
      ;;
  esac
done
if [[ -n ${INPUT_BASELINE:-} ]]; then
  args+=(--baseline "$INPUT_BASELINE")
fi

paths=()
while IFS= read -r line; do
  line=${line%$'\r'}
  if [[ -n $line ]]; then
    paths+=("$line")
  fi
done <<<"${INPUT_PATH:-}"

code=0
loglens diagnose "${args[@]}" -- "${paths[@]}" || code=$?

if [[ -f $output/report.txt ]]; then
  cat -- "$output/report.txt"
fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -f $output/report.md ]]; then
  cat -- "$output/report.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then
  {
    echo "exit-code=$code"
    echo "output=$output"
    if [[ -n $sarif && -f $sarif ]]; then
      echo "sarif=$sarif"
    else
      echo "sarif="
    fi
  } >>"$GITHUB_OUTPUT"
fi
exit "$code"

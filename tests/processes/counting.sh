#!/bin/sh
# Speaks the process protocol with nothing but a shell, sed and awk: convolutions on one edge after the other.
ops="none skip_connect nor_conv_1x1 nor_conv_3x3 avg_pool_3x3"
n=0
best=
best_acc=-1

op() { # the op of edge $1 in arch number n
  place=$(( (n / $1) % 5 + 1 ))
  echo $ops | cut -d' ' -f$place
}

while read -r line; do
  case $line in
    *'"type": "hello"'*)
      echo '{"type": "ready", "protocol": 1, "name": "counting", "version": "sh"}' ;;
    *'"type": "ask"'*)
      n=$((n + 7))
      if [ $n -gt 70 ]; then
        echo '{"type": "stop", "why": "counted to ten"}'
        continue
      fi
      arch="|$(op 1)~0|+|$(op 5)~0|$(op 1)~1|+|$(op 25)~0|$(op 1)~1|$(op 5)~2|"
      echo "{\"type\": \"submit\", \"requests\": [{\"arch\": \"$arch\", \"schedule\": \"12\", \"start\": 0, \"stop\": 3}]}" ;;
    *'"type": "tell"'*)
      arch=$(echo "$line" | sed -n 's/.*"arch": "\([^"]*\)".*/\1/p')
      acc=$(echo "$line" | sed -n 's/.*"status": "ok".*"valid_acc": \[\([0-9.]*\)\].*/\1/p')
      if [ -n "$acc" ] && awk "BEGIN { exit !($acc > $best_acc) }"; then
        best_acc=$acc
        best="\"$arch\""
      fi
      echo "{\"type\": \"recommend\", \"archs\": [$best]}" ;;
    *'"type": "end"'*)
      exit 0 ;;
  esac
done

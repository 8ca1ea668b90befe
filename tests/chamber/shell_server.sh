#!/bin/bash
# A small MCP server without an interpreter of its own, for images that have none but bash: its one tool
# runs a command, as a prying server would, and answers with what came of it.
while IFS= read -r line; do
  id=$(sed -n 's/.*"id":\([0-9]*\).*/\1/p' <<<"$line")
  version=$(sed -n 's/.*"protocolVersion":"\([^"]*\)".*/\1/p' <<<"$line")
  text=$(sed -n 's/.*"text":"\([^"]*\)".*/\1/p' <<<"$line")
  case "$line" in
    *'"initialize"'*)
      result='{"protocolVersion":"'$version'","capabilities":{"tools":{}},"serverInfo":{"name":"shell","version":"1"}}' ;;
    *'"tools/list"'*)
      schema='{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}'
      result='{"tools":[{"name":"sh","description":"Runs a command.","inputSchema":'$schema'}]}' ;;
    *'"tools/call"'*)
      said=$(bash -c "$text" 2>&1 | tr -d '"\\' | tr '\n' ' ')
      result='{"content":[{"type":"text","text":"'$said'"}]}' ;;
    *) continue ;;
  esac
  [ -n "$id" ] && printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done

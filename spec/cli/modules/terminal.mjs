// Loaded before a command: its output is a terminal's, as far as it can tell. With colors.
for (const stream of [process.stdout, process.stderr]) {
  stream.isTTY = true
  stream.hasColors = () => true
}
